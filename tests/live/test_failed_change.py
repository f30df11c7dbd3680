# SPDX-License-Identifier: GPL-2.0-or-later
"""A live change fails, and Vdsm takes it back: where the vNIC is then.

With a profile on ovirtmgmt that lets the guest into the management network; one on an oVirt network
that leads nowhere keeps it out of everything.
"""

import re

import pytest
from vm import MACVTAP, OVS, Profile, vms_of

DANGER, REMEDY = Profile("glitter"), Profile("glitter", network="nowhere")
UNCHANGEABLE = "unable to change config on '(network|bridge)' network type"


@pytest.fixture(scope="module")
def running(module_vm):
    """Start a VM with a vNIC of each of the two profiles."""
    nics = module_vm.add(DANGER, REMEDY)
    module_vm.start()
    assert [nic.reaches() for nic in nics] == ["glitter", "glitter"]
    return nics


@pytest.fixture
def nics(running):
    """Give the vNICs; after the test bring them back to glitter, as a good change does."""
    yield running
    for nic in running:
        nic.update(link="up")
        assert nic.on() == "glitter"


@pytest.mark.parametrize(
    ("extnet", "reason"),
    [
        ("a/b", r"extnet: .*'a/b'"),
        ("nope", "Network not found: no network with matching name 'nope'"),
        ("macvtap_net", UNCHANGEABLE),
    ],
)
def test_a_change_that_is_refused_puts_a_vnic_on_its_ovirt_network(nics, host, extnet, reason):
    for nic in nics:
        _, said = host.refusal(nic.update, nic.profile._replace(extnet=extnet))
        assert re.search(reason, said)
    assert [nic.on() for nic in nics] == ["ovirtmgmt", "nowhere"]


def test_so_does_a_neighbour_that_fails_and_there_the_danger_and_the_remedy_are_seen(nics, host):
    neighbour = host.add_hook("before_update_device", "60_failing", "echo I fail >&2; exit 1")
    try:
        for nic in nics:
            _, said = host.refusal(nic.update, link="up")
            assert "60_failing: rc=1 err=b'I fail" in said
    finally:
        neighbour.unlink()
    assert re.match("vnet", host.follow("master nowhere", status=1))  # what monitoring runs
    danger, remedy = nics
    assert (danger.on(), danger.reaches()) == ("ovirtmgmt", "ovirtmgmt")
    assert (remedy.on(), remedy.reports(address="none")["link"]) == ("nowhere", "up")


def test_between_glitter_and_open_vswitch_it_depends_on_libvirt(host, new_vm):
    vm = new_vm()
    nics = vm.add(DANGER, OVS)
    vm.start()
    assert [nic.reaches() for nic in nics] == ["glitter", "ovs_net"]
    for nic, profile in zip(nics, (OVS, DANGER), strict=True):
        if host.moves_between_bridges:
            nic.update(profile)
        else:
            assert re.search(UNCHANGEABLE, host.refusal(nic.update, profile)[1])
    # A vNIC does not leave a switch in userspace, whatever libvirt says: the guest is asked.
    expected = ["ovs_net", "ovs_net"] if host.moves_between_bridges else ["ovirtmgmt", "ovs_net"]
    assert [nic.reaches() for nic in nics] == expected


@pytest.fixture(scope="module", params=["before a restart", "after a restart"])
def stubborn(host, request):
    """Start a VM with a vNIC on Open vSwitch and one on macvtap; give them."""
    with vms_of(host) as new_vm:
        vm = new_vm()
        nics = vm.add(OVS, MACVTAP)
        vm.start()
        assert [nic.reaches() for nic in nics] == ["ovs_net", "macvtap_net"]
        if request.param == "after a restart":
            host.agent.restart([vm])
        yield nics


def test_on_open_vswitch_and_macvtap_a_vnic_stays_unless_libvirt_moves_it(stubborn, host):
    for nic in stubborn:
        host.refusal(nic.update, nic.profile._replace(extnet="a/b"))
    switch, macvtap = stubborn
    assert [nic.reaches() for nic in stubborn] == ["ovs_net", "macvtap_net"]
    assert macvtap.on() == "macvtap_net"
    # What libvirt says; the switch in userspace keeps its port.
    said = "ovirtmgmt" if host.moves_between_bridges else "ovs_net"
    assert switch.of_libvirt()[2] == said
