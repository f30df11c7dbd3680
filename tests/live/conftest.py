# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's hosts with their Vdsm, its VMs, and what a failure shows of them."""

import functools
import re
import subprocess
from pathlib import Path

import captures
import pytest
from guest import build_boot
from hook import POINTS
from host import HOSTS
from vdsm_host import VdsmHost
from vm import VMS, vms_of

pytest_plugins = ["skips"]
pytest.register_assert_rewrite("test_vdsm_contract")


def pytest_addoption(parser):
    """Add the option that __main__ gives, and --capture-vnics."""
    parser.addoption("--parts", type=Path, help="folder with Vdsm and a kernel: parts.prepared()")
    parser.addoption("--capture-vnics", action="store_true", help="write what Vdsm hands over anew")


def pytest_report_header(config):
    """Show the versions that the lab proves the hook with."""
    versions = [config.getoption("parts").name]
    for daemon in "libvirtd", "qemu-system-x86_64", "ovs-vswitchd":
        command = [daemon, "--version"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        versions.append(f"{daemon} {re.search(r'[0-9]+([.][0-9]+)+', said)[0]}")
    return "live with " + ", ".join(versions)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Add to a failure what was on the hosts, and the guests' consoles."""
    report = yield
    if report.failed:
        for host in HOSTS:
            report.sections += host.picture().items()
        for vm in VMS:
            report.sections += vm.guest.picture().items()
    return report


def new_host(name, pytestconfig):
    """Return a host as Engine has set it up: Vdsm and the oVirt networks alone."""
    host = VdsmHost(name, pytestconfig.getoption("parts"))
    host.add_ovirt_networks()
    host.start_openvswitch()
    host.start_libvirt()
    host.log_in()
    host.start_vdsm()
    return host


@pytest.fixture(scope="session", autouse=True)
def _boot(pytestconfig):
    """Give the guests a kernel and an initramfs."""
    build_boot(pytestconfig.getoption("parts") / "kernel")


@pytest.fixture(scope="session")
def host(pytestconfig):
    """Set up a host with the hook, glitter, ovs_net, macvtap_net and bridged."""
    host = new_host("source", pytestconfig)
    host.install_hook()
    host.add_libvirt_networks()
    for point in POINTS:
        host.add_hook(point, "00_capture", captures.CAPTURE)
    return host


@pytest.fixture(scope="session")
def destination(host, pytestconfig):
    """Set up a second host, joined to the first by a cable."""
    destination = new_host("destination", pytestconfig)
    destination.install_rpm()
    destination.add_libvirt_networks()
    host.add_cable_to(destination)
    return destination


@pytest.fixture
def new_vm(host):
    """Give a function that makes a Vm; all are ended after the test."""
    with vms_of(host) as new_vm:
        yield new_vm


@pytest.fixture(scope="module")
def module_vm(host):
    """Give a Vm that is ended after the module's last test."""
    with vms_of(host) as new_vm:
        yield new_vm()


@pytest.fixture
def captured(pytestconfig):
    """Give captures.check(), which writes what it else compares if that was asked for."""
    return functools.partial(captures.check, write=pytestconfig.getoption("capture_vnics"))
