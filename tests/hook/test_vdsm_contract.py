# SPDX-License-Identifier: GPL-2.0-or-later
"""The stand-in for Vdsm keeps Vdsm's side of the contract: what runs through it means something."""

import os

import pytest
import vdsm


@pytest.fixture
def hook(folder):
    """Return a function that puts a shell script in the hook point's folder, folder."""

    def put(name, script, mode=0o755):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(mode)

    return put


def test_hooks_run_in_the_order_of_their_names(hook, folder):
    for name in ("60_c", "10_a", "50_b"):
        hook(name, f"echo {name} >&2")
    assert vdsm.run_hooks(folder, b"<a/>")[1] == "10_a\n50_b\n60_c\n"


def test_only_executable_files_run(hook, folder):
    hook("10_no", "echo no >&2", mode=0o644)
    (folder / "20_folder").mkdir()
    assert vdsm.run_hooks(folder, b"<a/>") == (b"<a/>", "")


def test_a_link_to_a_hook_runs(hook, folder):
    (folder / "point").mkdir()
    hook("50_hook", "echo linked >&2")
    (folder / "point" / "50_hook").symlink_to("../50_hook")
    assert vdsm.run_hooks(folder / "point", b"<a/>")[1] == "linked\n"


@pytest.mark.parametrize(("status", "after"), [(1, "after\n"), (2, "")])
def test_a_failed_hook_stops_those_after_it_only_with_status_2(hook, folder, status, after):
    hook("10_failing", f"echo failed >&2; exit {status}")
    hook("20_after", "echo after >&2")
    with pytest.raises(vdsm.HookError) as error:
        vdsm.run_hooks(folder, b"<a/>")
    assert str(error.value) == "failed\n" + after


def test_the_file_is_read_back_also_when_another_is_in_its_place(hook, folder):
    hook("50_hook", 'echo "<b/>" > "$_hook_domxml.new" && mv "$_hook_domxml.new" "$_hook_domxml"')
    assert vdsm.run_hooks(folder, b"<a/>")[0] == b"<b/>\n"


def test_text_is_written_as_utf_8_with_a_declaration(folder):
    expected = "<?xml version='1.0' encoding='UTF-8'?>\n<š/>".encode()
    assert vdsm.run_hooks(folder, "<š/>")[0] == expected


def test_properties_are_in_the_environment_and_those_of_the_vm_win(hook, folder):
    hook("50_hook", 'echo "$a $b $vmId" >&2')
    log = vdsm.run_hooks(folder, b"<a/>", {"a": "1", "b": "1"}, {"b": "2"}, "9e5f")[1]
    assert log == "1 2 9e5f\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_hooks_run_as_the_user_that_owns_the_file(hook, folder):
    hook("50_hook", 'stat -c "%u %g %a" "$_hook_domxml" >&2; id -u >&2')
    assert vdsm.run_hooks(folder, b"<a/>", user=36)[1] == "36 36 600\n36\n"
