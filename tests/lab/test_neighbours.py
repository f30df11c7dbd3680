# SPDX-License-Identifier: GPL-2.0-or-later
"""Other hooks besides extnet, and oVirt's own extnet in its place."""

import re
import shutil

import pytest
from agent import HOOKS
from commands import make
from hook import POINTS
from vm import GLITTER, MACVTAP, Profile

GIVEN = """
exec 2>/var/log/vdsm/given
echo "$(id -un):$(id -gn) umask $(umask) in $PWD" >&2
stat -c '%U:%G %a' "$_hook_domxml" >&2
readlink /proc/self/fd/0 >&2
env | grep -v '^\\(_\\|OLDPWD\\|SHLVL\\)=' | sed 's/=.*//' | sort | tr '\\n' ' ' >&2
echo "$extnet $mine $PYTHONPATH" >&2
"""
NAMES = "HOME LANG LOGNAME PATH PWD PYTHONPATH SHELL USER _hook_domxml extnet mine vmId "


def test_what_a_hook_is_given(host, new_vm):
    vm = new_vm()
    vm.add(GLITTER)
    with host.hook_for_a_while(POINTS[0], "10_given", GIVEN):
        vm.start(paused=True, properties={"mine": "a b"})
    given = host.read("/var/log/vdsm/given").splitlines()
    assert given[:3] == ["vdsm:kvm umask 0022 in /", "vdsm:kvm 600", "/dev/null"]
    assert re.fullmatch(
        rf"{NAMES}glitter a b :/usr/lib/python3[.0-9]*/(site|dist)-packages/vdsm/hook", given[3]
    )


def test_what_a_hook_adds_at_a_start_alone_is_lost_at_the_first_live_change(host, new_vm):
    adding = """sed -i 's,</interface>,<filterref filter="no-mac-spoofing"/>&,' "$_hook_domxml" """
    vm = new_vm()
    (nic,) = vm.add(Profile("glitter"))
    with host.hook_for_a_while(POINTS[0], "60_adding", adding):
        vm.start(paused=True)
    assert "no-mac-spoofing" in host.do("virsh", "dumpxml", vm.name)
    nic.update(link="down")
    assert "no-mac-spoofing" not in host.do("virsh", "dumpxml", vm.name)


@pytest.mark.parametrize("status", [1, 2, 3])
def test_engine_is_handed_what_the_last_hook_said_that_ran(host, new_vm, status):
    vm = new_vm()
    vm.add(GLITTER)
    failing = POINTS[0], "40_failing", f"echo I am the one >&2; exit {status}"
    last = POINTS[0], "99_last", "echo I am well >&2"
    with host.hook_for_a_while(*failing), host.hook_for_a_while(*last):
        text, log = host.expect_refusal(vm.start)
    # After status 2, Vdsm runs no further hook.
    assert text.startswith(f"Hook Error: (b'I am {'the one' if status == 2 else 'well'}")
    assert f"40_failing: rc={status} err=b'I am the one" in log


@pytest.fixture
def ovirts_extnet(host):
    """Replace this hook by oVirt's, from the installation of Vdsm, for README's comparison."""
    sources = [host.vdsm / HOOKS / point / "50_extnet" for point in POINTS[:2]]
    if not all(source.exists() for source in sources):
        pytest.skip(f"the installation has no {sources[0]}")
    make("uninstall", f"DESTDIR={host.root}")
    for source, point in zip(sources, POINTS, strict=False):
        shutil.copy(source, host.root / HOOKS / point)
    yield
    make("install", f"DESTDIR={host.root}")


@pytest.mark.needs_vdsm
@pytest.mark.usefixtures("ovirts_extnet")
def test_with_ovirts_extnet_a_link_change_loses_the_vnic(new_vm):
    vm = new_vm()
    (nic,) = vm.add(Profile("glitter"))
    vm.start(paused=True)
    assert nic.on() == "glitter"
    nic.update(link="down")
    assert nic.on() == "ovirtmgmt"


@pytest.mark.needs_vdsm
@pytest.mark.usefixtures("ovirts_extnet")
def test_with_ovirts_extnet_a_vm_on_macvtap_cannot_be_resumed(new_vm, host):
    vm = new_vm()
    (nic,) = vm.add(MACVTAP)
    vm.start()
    assert nic.on() == "macvtap_net"
    host.agent.suspend(vm)
    text, _ = host.expect_refusal(host.agent.resume, vm)
    assert "Traceback (most recent call last)" in text
    assert "KeyError" in text
