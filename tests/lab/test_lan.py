# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom a guest reaches beside its router, on a host with Vdsm's source routing, and the remedy."""

import json
import re

import pytest
import readme
from commands import run
from lab_host import BEYOND, GATEWAY, NEIGHBOUR, source_routing
from vm import FILTER, GLITTER, Profile

ROUTED = """<network><name>routed</name><forward mode="route"/>
<bridge name="virbr-routed" stp="off" delay="0"/><ip address="192.168.151.1" prefix="24">
<dhcp><range start="192.168.151.2" end="192.168.151.254"/></dhcp></ip></network>"""


@pytest.fixture
def remedy(host):
    """Give a function that has a host do what README says for a subnet, until the test is over."""
    block = readme.block("shell", "systemctl enable").text
    (unit,) = re.findall(r"^systemctl enable --now (\S+)", block, re.M)
    undo = []

    def enable(subnet):
        undo.append(unit.replace("192.168.150.0-24", subnet.replace("/", "-")))
        rule = f"to {subnet} priority 100 table main"
        host.do("ip", "rule", "add", *rule.split())  # as a crash may leave it there
        host.do("systemctl", "enable", "--now", undo[-1])
        assert host.do("ip", "rule").count(f"100:\tfrom all to {subnet} lookup main") == 1

    yield enable
    for each in undo:
        host.do("systemctl", "disable", "--now", each)
    assert "100:" not in host.do("ip", "rule")


def test_a_nat_guest_reaches_the_host_and_the_lan_only_with_the_remedy(host, new_vm, remedy):
    asks = {"host": host.address, "neighbour": NEIGHBOUR, "beyond": BEYOND}
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    vm.start(asks=asks)
    nic.reports(answers="yes", host="no", neighbour="no", beyond="yes")
    remedy("192.168.150.0/24")
    nic.reports(answers="yes", host="yes", neighbour="yes", beyond="yes")


def test_a_neighbour_reaches_a_routed_guest_only_with_the_remedy(host, new_vm, remedy):
    host.define_network(ROUTED)
    to_guests = ["route", "add", "192.168.151.0/24", "via", host.address]
    for name in "neighbour", "gateway":
        run("ip", "-n", name, *to_guests)
    vm = new_vm()
    (nic,) = vm.add(Profile("routed", network_filter=FILTER))
    vm.start(asks={"beyond": BEYOND})
    address = nic.reports(answers="yes", beyond="yes")["address"]
    ask = ["ip", "netns", "exec", "neighbour", "busybox", "ping", "-q", "-c", "2", "-W", "1"]
    assert "100% packet loss" in run(*ask, address, status=1).stdout
    remedy("192.168.151.0/24")
    assert " 0% packet loss" in run(*ask, address).stdout


HELPER = f"""import json
from vdsm.network.nmstate import route
it = route.SourceRouteHelper("ovirtmgmt", "%s", "255.255.255.0", "{GATEWAY}")
print(json.dumps([it.routes_state(), it.rules_state()]))"""


@pytest.mark.needs_vdsm
def test_the_hosts_have_the_source_routing_of_vdsms_own_helper(host):
    said = host.do("python3", "-W", "ignore", "-c", HELPER % host.address)
    routes, rules = json.loads(said)
    expected = [
        "route add {destination} {via}dev {next-hop-interface} table {table-id}".format(
            via=f"via {GATEWAY} " if each["next-hop-address"] == GATEWAY else "", **each
        )
        for each in routes
    ]
    for each in rules:
        way = "from" if "ip-from" in each else "to"
        expected.append(
            "rule add {} {} priority {priority} table {route-table}".format(
                way, each[f"ip-{way}"], **each
            )
        )
    assert source_routing(host.address)[2:] == expected
