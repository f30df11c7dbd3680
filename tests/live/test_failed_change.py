# SPDX-License-Identifier: GPL-2.0-or-later
"""A live change fails, and Vdsm takes it back: the vNIC is then on the bridge of its oVirt network.

With a profile on ovirtmgmt that lets the guest into the management network; one on an oVirt network
that leads nowhere keeps it out of everything.
"""

import re

import pytest
from vm import Profile

DANGER, REMEDY = Profile("glitter"), Profile("glitter", network="extnet")


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
        ("ovs_net", "unable to change config on 'network' network type"),
        ("macvtap_net", "unable to change config on 'network' network type"),
    ],
)
def test_a_change_that_is_refused_puts_a_vnic_on_its_ovirt_network(nics, host, extnet, reason):
    for nic in nics:
        _, log = host.refusal(nic.update, nic.profile._replace(extnet=extnet))
        assert re.search(reason, log)
    assert [nic.on() for nic in nics] == ["ovirtmgmt", "extnet"]


def test_so_does_a_neighbour_that_fails_and_there_the_danger_and_the_remedy_are_seen(nics, host):
    neighbour = host.add_hook("before_update_device", "60_failing", "echo I fail >&2; exit 1")
    try:
        for nic in nics:
            _, log = host.refusal(nic.update, link="up")
            assert "60_failing: rc=1 err=b'I fail" in log
    finally:
        neighbour.unlink()
    danger, remedy = nics
    assert (danger.on(), danger.reaches()) == ("ovirtmgmt", "ovirtmgmt")
    assert (remedy.on(), remedy.reports(address="none")["link"]) == ("extnet", "up")
