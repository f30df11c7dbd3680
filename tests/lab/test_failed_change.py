# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a vNIC is after a live change has failed and Vdsm has rolled it back.

test_refusals.py has the reasons. With a profile on ovirtmgmt a failed change lets the guest into
the management network; one on an oVirt network that leads nowhere keeps it out of everything.
"""

import re

import pytest
from agent import BY_HOOK
from lab_host import add_hook
from vm import MACVTAP, OVS, Profile

DANGER, REMEDY = Profile("glitter"), Profile("glitter", network="nowhere")
UNCHANGEABLE = "unable to change config on '(network|bridge)' network type"


def test_a_neighbour_that_fails_shows_the_danger_and_the_remedy(host, new_vm):
    vm = new_vm()
    danger, remedy = vm.add(DANGER, REMEDY)
    vm.start()
    assert [nic.reaches() for nic in vm.nics] == ["glitter", "glitter"]
    assert host.follow("master nowhere") == ""  # what monitoring runs
    with host.changed_hooks(add_hook("60_failing", "echo I fail >&2; exit 1")):
        for nic in vm.nics:
            _, said = host.refusal(nic.update, link="up")
            assert "60_failing: rc=1 err=b'I fail" in said
    assert (danger.on(), danger.reaches()) == ("ovirtmgmt", "ovirtmgmt")
    assert (remedy.on(), remedy.reports(address="none")["link"]) == ("nowhere", "up")
    assert re.match("vnet", host.follow("master nowhere", status=1))
    assert host.follow("master nowhere", status=255, nowhere="missing") == ""
    for nic in vm.nics:
        nic.update(link="up")
        assert nic.on() == "glitter"


def test_to_macvtap_no_vnic_moves_and_to_open_vswitch_it_depends_on_libvirt(host, new_vm):
    vm = new_vm()
    nics = vm.add(DANGER, DANGER, OVS)
    vm.start()
    assert [nic.reaches() for nic in nics] == ["glitter", "glitter", "ovs_net"]
    assert re.search(UNCHANGEABLE, host.refusal(nics[0].update, MACVTAP)[1])
    for nic, profile in zip(nics[1:], (OVS, DANGER), strict=True):
        if host.moves_between_bridges:
            nic.update(profile)
        else:
            assert re.search(UNCHANGEABLE, host.refusal(nic.update, profile)[1])
    # Whatever libvirt reports, a vNIC stays on a userspace switch, so ask the guest.
    moved = "ovs_net" if host.moves_between_bridges else "ovirtmgmt"
    assert [nic.reaches() for nic in nics] == ["ovirtmgmt", moved, "ovs_net"]


@pytest.mark.parametrize("restarted", [False, True], ids=["before a restart", "after a restart"])
def test_on_macvtap_a_vnic_stays_and_on_open_vswitch_it_depends_on_libvirt(host, new_vm, restarted):
    vm = new_vm()
    switch, macvtap = vm.add(OVS, MACVTAP)
    vm.start()
    assert [nic.reaches() for nic in vm.nics] == ["ovs_net", "macvtap_net"]
    if restarted:
        host.agent.restart([vm])
    for nic in vm.nics:
        _, said = host.refusal(nic.update, nic.profile._replace(extnet="a/b"))
        assert re.search(BY_HOOK, said)
    assert [nic.reaches() for nic in vm.nics] == ["ovs_net", "macvtap_net"]
    assert macvtap.on() == "macvtap_net"
    # What libvirt reports; the userspace switch keeps its port.
    said = "ovirtmgmt" if host.moves_between_bridges else "ovs_net"
    assert switch.of_libvirt()[2] == said
