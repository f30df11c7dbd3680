# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM is started: before_device_create, then libvirt."""

import pytest
from host import (
    GLITTER_BRIDGE,
    GLITTER_ROUTER,
    MACVTAP_ROUTER,
    OVIRT_BRIDGE,
    OVIRT_ROUTER,
    OVS_BRIDGE,
    OVS_ROUTER,
    CommandError,
)
from vnic import device_xml


@pytest.fixture
def stopped_glitter(host):
    """Stop glitter for a test."""
    host.virsh("net-destroy", "glitter")
    yield "glitter"
    host.virsh("net-start", "glitter")


def test_a_vnic_on_nat_network_glitter_gets_a_lease_and_reaches_its_router(vdsm, new_guest, mac):
    guest = new_guest()
    guest.start(vdsm.created(device_xml(mac), "glitter"))
    assert guest.bridges(mac) == {GLITTER_BRIDGE}
    assert guest.reports(mac, answers="yes")["router"] == GLITTER_ROUTER


def test_without_the_hook_the_same_vnic_lands_on_the_ovirt_bridge(new_guest, mac):
    guest = new_guest()
    guest.start(device_xml(mac))
    assert guest.bridges(mac) == {OVIRT_BRIDGE}


def test_a_vnic_on_open_vswitch_gets_a_lease_and_reaches_its_router(vdsm, new_guest, mac):
    guest = new_guest()
    guest.start(vdsm.created(device_xml(mac, network_filter=False), "ovs_net"))
    assert guest.bridges(mac) == {OVS_BRIDGE}
    assert guest.reports(mac, answers="yes")["router"] == OVS_ROUTER


def test_a_vnic_on_macvtap_gets_a_lease_and_reaches_its_router(vdsm, new_guest, mac):
    guest = new_guest()
    guest.start(vdsm.created(device_xml(mac, network_filter=False), "macvtap_net"))
    assert guest.bridges(mac) == set()
    assert guest.vnics()[mac].kind == "direct"
    assert guest.reports(mac, answers="yes")["router"] == MACVTAP_ROUTER


def test_two_vnics_each_land_where_they_should_and_cannot_spoof(
    vdsm, host, new_guest, spoofer, other_spoofer
):
    guest = new_guest()
    with_property = vdsm.created(device_xml(spoofer), "glitter")
    guest.start(with_property, vdsm.created(device_xml(other_spoofer)))
    for mac, bridge, router in (
        (spoofer, GLITTER_BRIDGE, GLITTER_ROUTER),
        (other_spoofer, OVIRT_BRIDGE, OVIRT_ROUTER),
    ):
        assert guest.bridges(mac) == {bridge}
        assert host.filters()[guest.vnics()[mac].tap] == "no-mac-spoofing"
        report = guest.reports(mac, answers="yes")
        assert (report["router"], report["spoofed"]) == (router, "no")


@pytest.mark.parametrize("network", ["ovs_net", "macvtap_net"])
def test_libvirt_takes_a_network_filter_on_linux_bridges_only(vdsm, new_guest, mac, network):
    with pytest.raises(CommandError, match="filterref is not supported"):
        new_guest().start(vdsm.created(device_xml(mac), network))


def test_a_vm_does_not_start_on_a_network_that_does_not_exist(vdsm, host, new_guest, mac):
    before = host.connections()
    with pytest.raises(CommandError, match="no network with matching name 'nope'"):
        new_guest().start(vdsm.created(device_xml(mac), "nope"))
    assert host.connections() == before


def test_a_vm_does_not_start_on_a_network_that_is_not_active(
    vdsm, host, stopped_glitter, new_guest, mac
):
    before = host.connections()
    with pytest.raises(CommandError, match="network 'glitter' is not active"):
        new_guest().start(vdsm.created(device_xml(mac), stopped_glitter))
    assert host.connections() == before
