# SPDX-License-Identifier: GPL-2.0-or-later
"""A routed network on a host with Vdsm's source routing, which the hosts of the lab have."""

import json

import pytest
from agent import until
from commands import run
from lab_host import BEYOND, GATEWAY, TABLE, ip
from vm import FILTER, Profile

ROUTED = """<network><name>routed</name><forward mode="route"/>
<bridge name="virbr-routed" stp="off" delay="0"/><ip address="192.168.151.1" prefix="24">
<dhcp><range start="192.168.151.2" end="192.168.151.254"/></dhcp></ip></network>"""


def test_a_neighbour_reaches_a_routed_guest_only_with_the_rule_of_step_3(host, new_vm):
    host.define_network(ROUTED)
    for name in "neighbour", "gateway":
        ip(name, f"route add 192.168.151.0/24 via {host.address}")
    vm = new_vm()
    (nic,) = vm.add(Profile("routed", network_filter=FILTER))
    vm.start(asks={"beyond": BEYOND})
    address = nic.reports(answers="yes", beyond="yes")["address"]
    ask = ["ip", "netns", "exec", "neighbour", "busybox", "ping", "-q", "-c", "2", "-W", "1"]
    assert "100% packet loss" in run(*ask, address, status=1).stdout
    host.do("systemctl", "start", "extnet-route@192.168.151.0-24.service")
    until(lambda: run(*ask, address, status=None).returncode == 0, f"{address} to answer")
    host.do("systemctl", "stop", "extnet-route@192.168.151.0-24.service")


HELPER = f"""import json
from vdsm.network.nmstate import route
it = route.SourceRouteHelper("ovirtmgmt", "%s", "255.255.255.0", "{GATEWAY}")
print(json.dumps([it.routes_state(), it.rules_state()]))"""


@pytest.mark.needs_vdsm
def test_the_hosts_have_the_source_routing_of_vdsms_own_helper(host):
    routes, rules = json.loads(host.do("python3", "-W", "ignore", "-c", HELPER % host.address))
    there = json.loads(host.do("ip", "-json", "route", "show", "table", TABLE))
    assert {(route["dst"], route.get("gateway"), route["dev"]) for route in there} == {
        (
            route["destination"].replace("0.0.0.0/0", "default"),
            GATEWAY if route["next-hop-address"] == GATEWAY else None,
            route["next-hop-interface"],
        )
        for route in routes
    }
    shown = host.do("ip", "rule")
    for rule in rules:
        way = f"from {rule['ip-from']}" if "ip-from" in rule else f"from all to {rule['ip-to']}"
        assert shown.count(f"{rule['priority']}:\t{way} lookup {rule['route-table']} ") == 1
    assert shown.count("3200:") == len(rules)
