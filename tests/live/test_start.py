# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM is started."""

import contextlib
import re

import pytest
import readme
from vdsm_host import VdsmError
from vm import ALL, GLITTER, SPOOFS, WITHOUT, Profile


@pytest.fixture(scope="module")
def nics(module_vm):
    """Start a VM with a vNIC of each profile."""
    nics = dict(zip(ALL, module_vm.add(*ALL), strict=True))
    module_vm.start()
    return nics


@pytest.mark.parametrize("profile", ALL, ids=str)
def test_a_vnic_is_on_its_network_gets_a_lease_and_reaches_its_router(nics, profile):
    assert nics[profile].on() == profile.wanted
    assert nics[profile].reaches() == profile.wanted


def test_vdsm_log_has_the_line_that_readme_shows(nics):
    shown = re.search(
        r"^extnet: vNIC (\S+) of VM (\S+): .* -> network 'glitter'$", readme.TEXT, re.M
    )
    nic = nics[GLITTER]
    expected = shown[0].replace(shown[1], nic.mac).replace(shown[2], nic.vm.id)
    assert nic.audit_lines() == [expected.replace("bridge 'extnet'", "bridge 'ovirtmgmt'")]
    assert nics[WITHOUT].audit_lines() == []


def test_the_captured_device_xml_is_what_vdsm_hands_over_at_a_start(nics, captured):
    captured(nics[GLITTER], "before_device_create", "rewritten/vdsm-start")


def test_the_captured_device_xml_has_bandwidth_where_the_profile_has_qos(new_vm, captured):
    vm = new_vm()
    (nic,) = vm.add(GLITTER._replace(qos=True))
    with contextlib.suppress(VdsmError):  # libvirt needs a kernel with sfq
        vm.start(paused=True)
    captured(nic, "before_device_create", "rewritten/vdsm-start-qos")


def test_a_property_of_the_vm_puts_all_its_vnics_on_glitter(new_vm):
    vm = new_vm()
    nics = vm.add(WITHOUT, Profile("bridged"))
    vm.start(paused=True, properties={"extnet": "glitter"})
    assert [nic.on() for nic in nics] == ["glitter", "glitter"]


def test_without_the_network_filter_and_only_so_a_guest_can_spoof(new_vm):
    vm = new_vm()
    filtered, unfiltered = vm.add(GLITTER, Profile("glitter"), start=SPOOFS)
    vm.start()
    assert filtered.reports(answers="yes")["spoofed"] == "no"
    assert unfiltered.reports(answers="yes")["spoofed"] == "yes"
