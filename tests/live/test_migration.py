# SPDX-License-Identifier: GPL-2.0-or-later
"""A running VM moves to another host. No hook runs there: libvirt carries the network's name."""

import pytest
from host import DESTINATION, GLITTER_BRIDGE, GLITTER_ROUTER, CommandError
from vnic import device_xml
from waiting import until


@pytest.fixture
def guest(vdsm, new_guest, mac):
    """Start a guest with a vNIC on glitter."""
    guest = new_guest()
    guest.start(vdsm.created(device_xml(mac), "glitter"))
    return guest


@pytest.fixture
def glitter_there(destination):
    """Define glitter on the destination, too."""
    destination.define_network("glitter")
    yield
    destination.drop_network("glitter")


@pytest.mark.usefixtures("glitter_there")
def test_a_migrated_guest_is_on_glitter_and_answers_a_ping_there(host, destination, guest, mac):
    guest.reports(mac, answers="yes")
    guest.migrate(destination, DESTINATION)
    assert guest.bridges(mac) == {GLITTER_BRIDGE}
    assert guest.vnics()[mac].source == "glitter"
    report = guest.reports(mac, answers="yes")
    assert report["router"] == GLITTER_ROUTER
    ping = ["busybox", "ping", "-c", "1", "-W", "2", report["address"]]
    until(lambda: destination.succeeds(*ping), f"an answer from {report}")
    assert host.virsh("list", "--name").split() == []
    assert not host.ports(GLITTER_BRIDGE)


def test_a_guest_runs_on_when_the_destination_lacks_its_network(destination, guest, mac):
    guest.reports(mac, answers="yes")
    with pytest.raises(CommandError, match="no network with matching name 'glitter'"):
        guest.migrate(destination, DESTINATION)
    assert guest.bridges(mac) == {GLITTER_BRIDGE}
    assert guest.reports(mac, answers="yes")["router"] == GLITTER_ROUTER
    assert destination.virsh("list", "--all", "--name").split() == []
