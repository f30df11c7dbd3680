# SPDX-License-Identifier: GPL-2.0-or-later
"""What a libvirt network does to running VMs: stopped and started again, and its MTU."""

import pytest
from lab_host import ip
from vm import GLITTER, MACVTAP, WITHOUT, Profile

NAT = """<network><name>{name}</name><forward mode="nat"/>
<bridge name="virbr-{name}" stp="off" delay="0"/>{mtu}<ip address="192.168.{subnet}.1" prefix="24"/>
</network>"""


@pytest.mark.parametrize("remedy", ["another profile and back", "unplug and plug"])
def test_a_network_stopped_and_started_loses_its_vnics_until(host, new_vm, remedy):
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    vm.start()
    assert nic.reaches() == "glitter"
    host.do("virsh", "net-destroy", "glitter")
    host.do("virsh", "net-start", "glitter")
    for link in "down", "up":
        nic.update(link=link)
        assert nic.on() is None
    if remedy == "unplug and plug":
        nic.unplug()
        nic = vm.plug(GLITTER)
    else:
        for profile in WITHOUT, GLITTER:
            nic.update(profile)
    assert (nic.on(), nic.reaches()) == ("glitter", "glitter")


def test_a_vnics_mtu_is_that_of_its_ovirt_network_and_no_live_change_alters_it(host, new_vm):
    for name, subnet, mtu in ("large", 152, '<mtu size="9000"/>'), ("plain", 153, ""):
        host.define_network(NAT.format(name=name, subnet=subnet, mtu=mtu))
    ip(host.name, "link set eth1 mtu 9000")
    vm = new_vm()
    names = "large", "plain", "macvtap_net"
    nics = vm.add(*[Profile(name, mtu=mtu) for name in names for mtu in (1500, 9000)])
    vm.start(paused=True)
    for nic in nics:
        shown = host.read(f"/sys/class/net/{nic.of_libvirt()[0]}/mtu")
        assert shown == f"{nic.profile.mtu}\n"
    above_that_of_its_nic = MACVTAP._replace(mtu=9001)
    assert "Cannot set interface MTU on 'macvtap" in host.refusal(vm.plug, above_that_of_its_nic)[1]
    nic = vm.plug(GLITTER)
    assert "cannot modify MTU" in host.refusal(nic.update, GLITTER._replace(mtu=9000))[1]
    assert nic.on() == "glitter"
