# SPDX-License-Identifier: GPL-2.0-or-later
"""Vdsm's side of the hook contract: what the stand-in for Vdsm keeps, and what Vdsm itself does.

Here the tests run against the stand-in, in the lab against Vdsm's own vdsm.common.hooks.
"""

import os
import re

import pytest
import vdsm


@pytest.fixture
def run_hooks():
    """Give the stand-in's run_hooks; the lab's test_contract.py gives one that has Vdsm do it."""
    return vdsm.run_hooks


@pytest.fixture
def hook(folder):
    """Return a function that puts a shell script in the hook point's folder, folder."""

    def put(name, script, mode=0o755):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(mode)

    return put


def test_hooks_run_in_the_order_of_their_names(run_hooks, hook, folder):
    for name in ("60_c", "10_a", "50_b"):
        hook(name, f"echo {name} >&2")
    assert run_hooks(folder, b"<a/>")[1] == "10_a\n50_b\n60_c\n"


def test_only_executable_files_run_and_no_hidden_ones(run_hooks, hook, folder):
    hook("10_no", "echo no >&2", mode=0o644)
    hook(".20_hidden", "echo hidden >&2")
    (folder / "30_folder").mkdir()
    hook("40_yes", "echo yes >&2")
    assert run_hooks(folder, b"<a/>") == (b"<a/>", "yes\n")


def test_a_link_to_a_hook_runs(run_hooks, hook, folder):
    (folder / "point").mkdir()
    (folder / "point").chmod(0o755)
    hook("50_hook", "echo linked >&2")
    (folder / "point" / "50_hook").symlink_to("../50_hook")
    assert run_hooks(folder / "point", b"<a/>")[1] == "linked\n"


@pytest.mark.parametrize(("status", "last"), [(1, "after"), (2, "failed"), (3, "after")])
def test_a_failed_hook_stops_those_after_it_only_with_status_2(
    run_hooks, hook, folder, status, last
):
    hook("10_failing", f"echo failed >&2; exit {status}")
    hook("20_after", "echo after >&2")
    with pytest.raises(vdsm.HookError, match=rf"^Hook Error: \(b'{last}\\n',\)$"):
        run_hooks(folder, b"<a/>")


def test_stdout_is_thrown_away(run_hooks, hook, folder):
    hook("50_hook", "echo ignored; echo kept >&2")
    assert run_hooks(folder, b"<a/>") == (b"<a/>", "kept\n")


def test_the_file_is_read_back_also_when_another_is_in_its_place(run_hooks, hook, folder):
    hook("50_hook", 'echo "<b/>" > /tmp/new.$$ && mv /tmp/new.$$ "$_hook_domxml"')
    assert run_hooks(folder, b"<a/>")[0] == b"<b/>\n"


def test_the_file_is_read_back_as_text_in_utf_8(run_hooks, hook, folder):
    hook("50_hook", r'printf "<\305\241/>\r\n" > "$_hook_domxml"')
    assert run_hooks(folder, b"<a/>")[0] == "<š/>\n".encode()


def test_properties_are_in_the_environment_and_those_of_the_vm_win(run_hooks, hook, folder):
    hook("50_hook", 'echo "$a $b $vmId" >&2')
    log = run_hooks(folder, b"<a/>", {"a": "1", "b": "1"}, {"b": "2"}, "9e5f")[1]
    assert log == "1 2 9e5f\n"


def test_hooks_find_vdsms_own_module_by_pythonpath_and_nothing_on_stdin(run_hooks, hook, folder):
    hook("50_hook", 'echo "$PYTHONPATH $PWD $(cat)" >&2')
    log = run_hooks(folder, b"<a/>")[1]
    assert re.fullmatch(r":/usr/lib/python3[.0-9]*/(site|dist)-packages/vdsm/hook / \n", log)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_hooks_run_as_the_user_that_owns_the_file(run_hooks, hook, folder):
    hook("50_hook", 'stat -c "%u %g %a" "$_hook_domxml" >&2; id -u >&2')
    assert run_hooks(folder, b"<a/>", user=36)[1] == "36 36 600\n36\n"
