# SPDX-License-Identifier: GPL-2.0-or-later
"""VLANs on an Open vSwitch bridge: a libvirt network for each."""

from vm import OVS, SERVES

VLANS = {vlan: OVS._replace(extnet=f"vlan{vlan}") for vlan in (42, 43)}


def test_guests_of_a_vlan_reach_each_other_and_not_those_of_another(host, new_vm):
    for vlan, profile in VLANS.items():
        host.add_openvswitch_network(profile.extnet, f'<vlan><tag id="{vlan}"/></vlan>')
    router, guest = new_vm(), new_vm()
    (served,) = router.add(VLANS[42], start=SERVES)
    same, other = guest.add(VLANS[42], VLANS[43])
    router.start()
    guest.start()
    assert same.reports(answers="yes", router=served.reports()["serves"])
    assert other.reports(link="up", address="none")
    elsewhere = router.plug(VLANS[43], start=SERVES)
    assert other.reports(answers="yes", router=elsewhere.reports()["serves"])
    assert same.reports(answers="yes", router=served.reports()["serves"])
