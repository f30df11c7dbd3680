# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM is started."""

import re

import pytest
import readme
from lab_host import serve_dhcp
from vm import ALL, OVS

VLANS = {vlan: OVS._replace(extnet=f"vlan{vlan}") for vlan in (42, 43)}


@pytest.fixture(scope="module")
def nics(module_vm):
    """Start a VM with a vNIC of each profile."""
    nics = dict(zip(ALL, module_vm.add(*ALL), strict=True))
    module_vm.start()
    return nics


@pytest.mark.parametrize("profile", ALL, ids=str)
def test_a_vnic_is_on_its_network_gets_a_lease_and_reaches_its_router(nics, profile):
    nic = nics[profile]
    assert (nic.on(), nic.reaches()) == (profile.wanted, profile.wanted)
    _, kind, source = nic.of_libvirt()
    assert source == profile.wanted
    assert kind in readme.codes(readme.section("Where is the vNIC?"))


def test_the_network_filter_of_the_profile_is_at_work(host, nics):
    bindings = host.do("virsh", "nwfilter-binding-list")
    for profile, nic in nics.items():
        found = re.findall(rf"{nic.of_libvirt()[0]} +(\S+)", bindings)
        assert found == ([profile.network_filter] if profile.network_filter else [])


def test_guests_of_a_vlan_reach_each_other_and_not_those_of_another(host, new_vm):
    def serve(vlan):
        """Serve leases in a VLAN."""
        port = ["add-port", "ovsbr0", f"port{vlan}", f"tag={vlan}"]
        host.do("ovs-vsctl", *port, "--", "set", "interface", f"port{vlan}", "type=internal")
        serve_dhcp(host.name, f"port{vlan}", f"10.59.{vlan}.1")

    for vlan, profile in VLANS.items():
        host.add_openvswitch_network(profile.extnet, f'<vlan><tag id="{vlan}"/></vlan>')
    serve(42)
    one, two = new_vm(), new_vm()
    (first,) = one.add(VLANS[42])
    one.start(asks={"other": "10.59.43.100"})
    first.reports(address="10.59.42.100")
    same, other = two.add(VLANS[42], VLANS[43])
    two.start(asks={"first": "10.59.42.100"})
    for link in "down", "up":
        same.update(link=link)
    same.reports(first="yes")
    other.reports(link="up", address="none")
    serve(43)
    other.reports(address="10.59.43.100")
    one.plug(VLANS[43]).reports(other="yes")
    same.reports(first="yes")
