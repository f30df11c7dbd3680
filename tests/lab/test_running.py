# SPDX-License-Identifier: GPL-2.0-or-later
"""A vNIC of a running VM is plugged, changed and unplugged."""

import pytest
from agent import until
from vm import BRIDGED, GLITTER, MACVTAP, OVS, WITHOUT


@pytest.fixture(scope="module")
def vm(module_vm):
    """Start a VM without vNICs; each test plugs its own."""
    module_vm.start()
    until(lambda: "round=" in module_vm.console(), "the guest to look for vNICs")
    return module_vm


@pytest.fixture
def plug(vm):
    """Yield a function that plugs in a vNIC; all are unplugged after the test."""
    yield vm.plug
    for nic in list(vm.nics):
        nic.unplug()


@pytest.mark.parametrize("profile", [GLITTER, OVS, MACVTAP], ids=str)
def test_a_plugged_vnic_gets_a_lease_stays_while_its_link_changes_and_is_unplugged(plug, profile):
    nic = plug(profile)
    assert (nic.on(), nic.reaches()) == (profile.wanted, profile.wanted)
    nic.update(link="down")
    assert (nic.on(), nic.reports(link="down")["link"]) == (profile.wanted, "down")
    nic.update(link="up")
    assert (nic.on(), nic.reaches()) == (profile.wanted, profile.wanted)
    nic.unplug()
    assert nic.on() is None


def test_another_profile_moves_a_vnic_to_glitter_and_on_and_back(plug):
    nic = plug(WITHOUT)
    assert nic.reaches() == "ovirtmgmt"
    for profile in GLITTER, BRIDGED, GLITTER, WITHOUT:
        nic.update(profile)
        assert nic.on() == profile.wanted
    assert nic.reaches() == "ovirtmgmt"


def test_on_open_vswitch_an_older_libvirt_changes_no_link_without_an_interfaceid(plug, host):
    host.add_openvswitch_network("ovs_bare", without="<parameters .*>")
    nic = plug(OVS._replace(extnet="ovs_bare"))
    if host.moves_between_bridges:
        nic.update(link="down")
    else:
        refusal = host.refusal(nic.update, link="down")[1]
        assert "unable to change config on 'bridge' network type" in refusal
    assert nic.on() == "ovs_net"  # which has the same bridge
