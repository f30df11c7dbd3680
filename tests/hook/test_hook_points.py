# SPDX-License-Identifier: GPL-2.0-or-later
"""The installed hook in each of the three hook points, as Vdsm runs it, alone and among others."""

import os
import stat

import pytest
import vdsm
from commands import make
from hook import ON_GLITTER, POINTS, REPOSITORY, VNIC


@pytest.fixture
def hooks(tmp_path):
    """Return Vdsm's hooks folder, below a root of its own, with the hook installed."""
    make("install", f"DESTDIR={tmp_path}", umask=0o077)
    return tmp_path / "usr/libexec/vdsm/hooks"


def add(point, name, script):
    """Put a shell script among the hooks of a hook point."""
    hook = point / name
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize("point", POINTS)
def test_the_installed_hook_rewrites_a_vnic(hooks, point):
    assert vdsm.run_hooks(hooks / point, VNIC, {"extnet": "glitter"}) == (
        ON_GLITTER,
        "extnet: vNIC 52:54:00:59:f5:3f: bridge 'ovirtmgmt' -> network 'glitter'\n",
    )


@pytest.mark.parametrize("point", POINTS)
def test_the_installed_hook_leaves_a_vnic_without_the_property_alone(hooks, point):
    assert vdsm.run_hooks(hooks / point, VNIC, {"other": "glitter"}) == (VNIC, "")


@pytest.mark.parametrize("point", POINTS)
def test_a_refusal_is_what_engine_shows(hooks, point):
    with pytest.raises(vdsm.HookError, match="not moved to network 'a/b', because "):
        vdsm.run_hooks(hooks / point, VNIC, {"extnet": "a/b"})


def test_a_property_of_the_vm_wins_over_that_of_the_vnic(hooks):
    point = hooks / "before_device_create"
    _, log = vdsm.run_hooks(point, VNIC, {"extnet": "tinsel"}, {"extnet": "glitter"}, "9e5f")
    assert (
        log
        == "extnet: vNIC 52:54:00:59:f5:3f of VM 9e5f: bridge 'ovirtmgmt' -> network 'glitter'\n"
    )


def test_a_device_of_a_vm_with_the_property_that_is_no_vnic_is_left_alone(hooks):
    channel = b'<channel type="unix"><source mode="bind"/></channel>'
    point = hooks / "before_device_create"
    assert vdsm.run_hooks(point, channel, vm={"extnet": "glitter"}) == (channel, "")


def test_hooks_after_it_see_the_vnic_on_the_network(hooks):
    point = hooks / "before_device_create"
    add(point, "60_after", 'grep -o "network=.glitter." "$_hook_domxml" >&2')
    assert vdsm.run_hooks(point, VNIC, {"extnet": "glitter"})[1].endswith('network="glitter"\n')


def test_hooks_after_it_do_not_run_after_a_refusal(hooks):
    point = hooks / "before_device_create"
    add(point, "60_after", "echo ran >&2")
    with pytest.raises(vdsm.HookError) as refused:
        vdsm.run_hooks(point, VNIC, {"extnet": ""})
    assert "ran" not in str(refused.value)


def test_a_vnic_that_a_hook_before_it_made_another_type_is_refused(hooks):
    point = hooks / "before_device_create"
    add(point, "40_before", """sed -i 's/bridge/vhostuser/g' "$_hook_domxml" """)
    with pytest.raises(vdsm.HookError, match="type 'vhostuser'"):
        vdsm.run_hooks(point, VNIC, {"extnet": "glitter"})


def test_install_makes_one_file_and_two_links(hooks):
    file, *links = (hooks / point / "50_extnet" for point in POINTS)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o755
    assert file.read_bytes() == (REPOSITORY / "50_extnet").read_bytes()
    for link in links:
        assert os.readlink(link) == "../before_device_create/50_extnet"  # noqa: PTH115 (as it is)
    for folder in (path.parent for path in (file, *links)):
        assert list(folder.iterdir()) == [folder / "50_extnet"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_install_again_changes_nothing(hooks, tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    test_install_makes_one_file_and_two_links(hooks)


def test_uninstall_removes_the_hook_and_nothing_else(hooks, tmp_path):
    add(hooks / "before_device_create", "60_other", ":")
    make("uninstall", f"DESTDIR={tmp_path}")
    left = [path for path in tmp_path.rglob("*") if not path.is_dir()]
    assert left == [hooks / "before_device_create" / "60_other"]
    make("uninstall", f"DESTDIR={tmp_path}")


def test_another_hooks_folder_can_be_named(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "HOOKSDIR=/hooks")
    assert (tmp_path / "hooks" / "before_nic_hotplug" / "50_extnet").is_file()
    make("uninstall", f"DESTDIR={tmp_path}", "HOOKSDIR=/hooks")
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]
