# SPDX-License-Identifier: GPL-2.0-or-later
"""Other hooks besides extnet, and oVirt's own extnet in its place."""

import shutil

import pytest
from agent import HOOKS
from hook import POINTS
from lab_host import add_hook
from vm import MACVTAP, Profile


def test_what_a_hook_adds_at_a_start_alone_is_lost_at_the_first_live_change(host, new_vm):
    adding = """sed -i 's,</interface>,<filterref filter="no-mac-spoofing"/>&,' "$_hook_domxml" """
    vm = new_vm()
    (nic,) = vm.add(Profile("glitter"))
    with host.changed_hooks(add_hook("60_adding", adding), [POINTS[0]]):
        vm.start(paused=True)
    assert "no-mac-spoofing" in host.do("virsh", "dumpxml", vm.name)
    nic.update(link="down")
    assert "no-mac-spoofing" not in host.do("virsh", "dumpxml", vm.name)


@pytest.fixture
def ovirts_extnet(host):
    """Replace this hook by oVirt's, from the installation of Vdsm, for README's comparison."""
    sources = [host.vdsm / HOOKS / point / "50_extnet" for point in POINTS[:2]]
    if not all(source.exists() for source in sources):
        pytest.skip(f"the installation has no {sources[0]}")
    with host.changed_hooks("rm 50_extnet"):
        for source, point in zip(sources, POINTS, strict=False):
            shutil.copy(source, host.root / HOOKS / point)
        yield


@pytest.mark.needs_vdsm
@pytest.mark.usefixtures("ovirts_extnet")
def test_with_ovirts_extnet_a_link_change_loses_a_vnic_and_none_on_macvtap_resumes(host, new_vm):
    vm = new_vm()
    nics = vm.add(Profile("glitter"), MACVTAP)
    vm.start()
    assert [nic.on() for nic in nics] == ["glitter", "macvtap_net"]
    nics[0].update(link="down")
    assert nics[0].on() == "ovirtmgmt"
    host.agent.suspend(vm)
    text, _ = host.refusal(host.agent.resume, vm)
    assert "Traceback (most recent call last)" in text
    assert "KeyError" in text
