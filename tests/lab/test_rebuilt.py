# SPDX-License-Identifier: GPL-2.0-or-later
"""After a restart of Vdsm, a live migration, or suspend and resume.

From then on Vdsm's updates have the type that libvirt's live XML has, network, bridge or direct,
with the bridge of the oVirt network as their source.
"""

import re

import pytest
from agent import BY_HOOK
from vm import ALL, BRIDGED, GLITTER, MACVTAP, OVS, WITHOUT, vms_of

KINDS = {"nat": GLITTER, "bridge": BRIDGED, "openvswitch": OVS, "macvtap": MACVTAP}
REFUSED = {  # profiles for which libvirt rejects what Vdsm sends without the hook's change
    GLITTER: "Missing required attribute 'network' in element 'source'",
    MACVTAP: "Missing required attribute 'dev' in element 'source'",
}


@pytest.fixture(scope="module", params=["restart", "migration", "resume"])
def event(request):
    """Return the name of what happens to the VM."""
    return request.param


@pytest.fixture(scope="module")
def nics(event, host, request):
    """Start a VM with one vNIC per profile, then let the event happen."""
    with vms_of(host) as new_vm:
        vm = new_vm()
        nics = dict(zip(ALL, vm.add(*ALL), strict=True))
        vm.start()
        for nic in nics.values():
            nic.reaches()
        if event == "restart":
            host.agent.restart([vm])
        elif event == "migration":
            vm.migrate(request.getfixturevalue("destination"))
        else:
            host.agent.suspend(vm)
            host.agent.resume(vm)
        yield nics


def test_every_vnic_stays_on_its_network_also_while_its_link_changes(nics):
    def places():
        return [(nic.on(), nic.reaches()) for nic in nics.values()]

    wanted = [(profile.wanted, profile.wanted) for profile in nics]
    assert places() == wanted
    for link in "down", "up":
        for profile, nic in nics.items():
            nic.update(link=link)
            assert nic.on() == profile.wanted
    assert places() == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_the_captured_device_xml_is_what_vdsm_hands_over(nics, event, kind, captured):
    nic = nics[KINDS[kind]]
    nic.update(link="up")
    if event == "resume":
        captured(nic, "before_device_create", f"resume-{kind}")
    else:
        captured(nic, "before_update_device", f"update-after-restart-{kind}")


@pytest.mark.parametrize("profile", REFUSED, ids=str)
def test_no_failed_change_moves_it_nor_can_it_lose_its_property_or_be_unplugged(nics, profile):
    nic = nics[profile]
    bad_name = nic.update, profile._replace(extnet="a/b")
    for change in bad_name, (nic.update, WITHOUT), (nic.unplug,):
        text, said = nic.vm.host.refusal(*change)
        assert REFUSED[profile] in text
        assert nic.on() == profile.wanted
        assert bool(re.search(BY_HOOK, said)) == (change == bad_name)


def test_a_vnic_moved_to_glitter_only_then_can_be_moved_back_and_unplugged(nics):
    nic = nics[WITHOUT]
    for profile in GLITTER, WITHOUT, GLITTER:
        nic.update(profile)
        assert nic.on() == profile.wanted
    nic.unplug()


def test_on_a_bridge_it_can_be_unplugged(nics):
    for profile in BRIDGED, OVS:
        nics[profile].unplug()
