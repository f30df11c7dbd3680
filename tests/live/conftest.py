# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's hosts, its stand-in for Vdsm and its guests, and what a failure shows of them."""

import contextlib
import itertools
import re
import subprocess
from pathlib import Path

import pytest
from guest import Guest, build_boot
from host import HOSTS, Host
from vnic import Vdsm

pytest_plugins = ["skips"]

GUESTS = []
NUMBERS = itertools.count(1)


def pytest_addoption(parser):
    """Add the option --kernel."""
    parser.addoption("--kernel", type=Path, help="folder with a guest kernel and its modules")


def pytest_report_header():
    """Show the versions that the lab proves the hook with."""
    versions = []
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
        for guest in GUESTS:
            report.sections += guest.picture().items()
    return report


@pytest.fixture(scope="session")
def boot(pytestconfig):
    """Give the guests a kernel and an initramfs."""
    build_boot(pytestconfig.getoption("--kernel"))


@pytest.fixture(scope="session")
def vdsm():
    """Install the hook into a tree of the lab's own."""
    return Vdsm("/run/lab/tree")


def new_host(name):
    """Return a host with the oVirt network and no other."""
    host = Host(name)
    host.add_ovirt_network()
    host.start_openvswitch()
    host.start_libvirt()
    return host


@pytest.fixture(scope="session")
def host():
    """Set up a host with glitter, ovs_net and macvtap_net."""
    host = new_host("source")
    host.define_network("glitter")
    host.add_openvswitch_bridge()
    host.define_network("ovs_net")
    host.add_nic()
    host.define_network("macvtap_net")
    return host


@pytest.fixture(scope="session")
def destination(host):
    """Set up a second host, without any libvirt network, and join it to the first by a cable."""
    destination = new_host("destination")
    host.add_cable_to(destination)
    return destination


@contextlib.contextmanager
def guests_of(host):
    """Give a function that makes a guest; all that it made are ended on leaving."""
    with contextlib.ExitStack() as ends:

        def new_guest():
            guest = Guest(host, f"guest-{next(NUMBERS)}")
            GUESTS.append(guest)
            ends.callback(GUESTS.remove, guest)
            ends.callback(guest.end)
            return guest

        yield new_guest


@pytest.fixture
def new_guest(host, boot):  # noqa: ARG001 (what a guest boots)
    """Give a function that makes a guest; all are ended after the test."""
    with guests_of(host) as new_guest:
        yield new_guest


@pytest.fixture(scope="module")
def module_guest(host, boot):  # noqa: ARG001 (what a guest boots)
    """Give a guest that is ended after the module's last test."""
    with guests_of(host) as new_guest:
        yield new_guest()


@pytest.fixture
def mac():
    """Give a MAC that no other test uses, so that a lease is a new one."""
    return f"52:54:00:59:f5:{next(NUMBERS):02x}"


other_mac = mac  # of a second vNIC


@pytest.fixture
def spoofer():
    """Give a MAC as mac does, with which the guest tries to spoof."""
    return f"52:54:00:ba:d0:{next(NUMBERS):02x}"


other_spoofer = spoofer
