# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's hosts with their Vdsm, its VMs, and what a failure shows of them."""

import functools
import re
from pathlib import Path

import captures
import pytest
from commands import make, run
from hook import POINTS
from host import HOSTS, Host
from vm import BOOT, BUILD_BOOT, VMS, vms_of

pytest_plugins = ["skips", "folders"]
pytest.register_assert_rewrite("test_vdsm_contract")


def pytest_addoption(parser):
    """Add the option that __main__ gives, and --capture-vnics."""
    parser.addoption("--parts", type=Path, help="folder with Vdsm and a kernel: parts.prepared()")
    parser.addoption("--capture-vnics", action="store_true", help="write what Vdsm hands over anew")


def pytest_report_header(config):
    """Show the versions that the lab proves the hook with."""
    versions = [config.getoption("parts").name]
    for daemon in "libvirtd", "qemu-system-x86_64", "ovs-vswitchd":
        said = run(daemon, "--version").stdout
        versions.append(f"{daemon} {re.search(r'[0-9]+([.][0-9]+)+', said)[0]}")
    return "live with " + ", ".join(versions)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Add to a failure what was on the hosts, and the guests' consoles."""
    report = yield
    if report.failed:
        report.sections += [(it.name, it.picture()) for it in [*HOSTS, *VMS]]
    return report


def new_host(name, pytestconfig):
    """Return a Host with the hook, glitter, ovs_net, macvtap_net and bridged."""
    host = Host(name, pytestconfig.getoption("parts"))
    host.log_in()
    make("install", f"DESTDIR={host.root}")
    host.add_libvirt_networks()
    return host


@pytest.fixture(scope="session", autouse=True)
def _boot(pytestconfig, tmp_path_factory):
    """Give the guests a kernel and an initramfs."""
    kernel, init = (
        pytestconfig.getoption("parts") / "kernel",
        Path(__file__).with_name("guest-init"),
    )
    run("sh", "-ec", BUILD_BOOT, kernel, init, BOOT, cwd=tmp_path_factory.mktemp("boot"))


@pytest.fixture(scope="session")
def host(pytestconfig):
    """Set up a host where what Vdsm hands to the hooks is captured."""
    host = new_host("source", pytestconfig)
    for point in POINTS:
        host.add_hook(point, "00_capture", captures.CAPTURE)
    return host


@pytest.fixture(scope="session")
def destination(host, pytestconfig):
    """Set up a second host, joined to the first by a cable."""
    destination = new_host("destination", pytestconfig)
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
