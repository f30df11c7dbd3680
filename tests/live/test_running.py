# SPDX-License-Identifier: GPL-2.0-or-later
"""A vNIC of a running VM is plugged, changed and unplugged.

An update goes to libvirt in one of two forms (Vdsm 4.50.7): type bridge, or, once Vdsm has been
restarted since the VM started, type network with the oVirt network's bridge as its source.
"""

import pytest
from host import GLITTER_BRIDGE, GLITTER_ROUTER, OVIRT_BRIDGE, OVIRT_ROUTER, CommandError
from vnic import device_xml


@pytest.fixture(scope="module")
def guest(module_guest):
    """Start a guest without vNICs; each test plugs its own."""
    module_guest.start()
    module_guest.has_booted()
    return module_guest


@pytest.fixture
def plug(guest, vdsm):
    """Give a function that hot-plugs a vNIC, with the hook; it is unplugged after the test."""

    def with_hook(xml, network=None):
        guest.plug(vdsm.plugged(xml, network))

    yield with_hook
    for mac in guest.vnics():
        guest.unplug(device_xml(mac))
        guest.loses(mac)


def test_a_hot_plugged_vnic_on_glitter_gets_a_lease_and_can_be_unplugged(guest, plug, mac):
    plug(device_xml(mac), "glitter")
    assert guest.bridges(mac) == {GLITTER_BRIDGE}
    assert guest.reports(mac, answers="yes")["router"] == GLITTER_ROUTER
    guest.unplug(device_xml(mac))
    guest.loses(mac)
    assert guest.vnics() == {}


@pytest.mark.parametrize("form", ["bridge", "network"])
def test_an_update_of_the_link_leaves_a_vnic_on_glitter(guest, plug, vdsm, mac, form):
    plug(device_xml(mac), "glitter")
    guest.reports(mac, answers="yes")
    for link, report in ("down", {"link": "down"}), ("up", {"answers": "yes"}):
        guest.update(vdsm.updated(device_xml(mac, form=form, link=link), "glitter"))
        assert guest.bridges(mac) == {GLITTER_BRIDGE}
        last = guest.reports(mac, **report)
    assert last["router"] == GLITTER_ROUTER


def test_without_the_hook_an_update_moves_a_vnic_to_the_ovirt_bridge(guest, plug, mac):
    plug(device_xml(mac), "glitter")
    guest.update(device_xml(mac, link="down"))
    assert guest.bridges(mac) == {OVIRT_BRIDGE}


def test_without_the_hook_an_update_after_a_restart_of_vdsm_is_refused(guest, plug, mac):
    plug(device_xml(mac), "glitter")
    with pytest.raises(CommandError, match="Missing required attribute 'network'"):
        guest.update(device_xml(mac, form="network", link="down"))


def test_a_new_profile_moves_a_running_vnic_to_glitter_and_back(guest, plug, vdsm, mac):
    plug(device_xml(mac))
    assert guest.reports(mac, answers="yes")["router"] == OVIRT_ROUTER
    guest.update(vdsm.updated(device_xml(mac), "glitter"))
    assert guest.bridges(mac) == {GLITTER_BRIDGE}
    assert guest.reports(mac, router=GLITTER_ROUTER, answers="yes")
    guest.update(vdsm.updated(device_xml(mac)))
    assert guest.bridges(mac) == {OVIRT_BRIDGE}
    assert guest.reports(mac, router=OVIRT_ROUTER, answers="yes")


def test_without_the_network_filter_a_guest_can_spoof(guest, plug, spoofer):
    plug(device_xml(spoofer, network_filter=False), "glitter")
    assert guest.reports(spoofer, answers="yes")["spoofed"] == "yes"
