# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the lab's hosts and VMs, the tests that need Vdsm, and what a failure shows."""

import functools
import re
from pathlib import Path

import captures
import lab_host
import pytest
import surroundings
from commands import make, run
from vm import BOOT, BUILD_BOOT, vms_of

pytest_plugins = ["skips"]
PICTURE = """exec 2>&1
cd /var/log
bridge link
for vm in $(virsh -r list --name); do
    virsh -r domiflist "$vm"
    tail -n 30 "libvirt/$vm.console"
done
tail -n 50 vdsm/vdsm.log
journalctl --no-pager --lines 50"""


def pytest_addoption(parser):
    """Add the options that __main__ uses, and --capture-vnics."""
    for name in "guest-kernel", "host-packages":
        parser.addoption(f"--{name}", type=Path, help="a folder that __main__ prepares")
    parser.addoption("--vdsm", type=Path, help="the root folder of an installation of Vdsm")
    parser.addoption("--capture-vnics", action="store_true", help="write what Vdsm hands over anew")


def pytest_configure(config):
    """Refuse to run outside the namespaces that __main__ makes."""
    if not config.getoption("guest_kernel"):
        raise pytest.UsageError("the lab needs namespaces of its own: run `make check-live`")


def pytest_report_header(config):
    """Show the versions that the lab tests the hook with."""
    vdsm = config.getoption("vdsm")
    versions = [f"the Vdsm of {vdsm}" if vdsm else "a stand-in for Vdsm"]
    for daemon in "libvirtd", "qemu-system-x86_64", "ovs-vswitchd":
        said = run(daemon, "--version").stdout
        versions.append(f"{daemon} {re.search(r'[0-9]+([.][0-9]+)+', said)[0]}")
    return "the lab has " + ", ".join(versions)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Add to a failure what was on the hosts, and the ends of their logs and guests' consoles."""
    report = yield
    if report.failed:
        report.sections.extend(pictures().items())
    return report


def pictures():
    """Return {name: text}, PICTURE of every host that runs."""
    hosts = lab_host.HOSTS.items()
    return {name: host.do("sh", "-xc", PICTURE, status=None) for name, host in hosts}


@pytest.fixture(scope="session")
def new_host(pytestconfig, tmp_path_factory):
    """Return a function that boots a LabHost in the LAN; build what the guests boot."""
    kernel, init = pytestconfig.getoption("guest_kernel"), Path(__file__).with_name("guest-init")
    run("sh", "-ec", BUILD_BOOT, kernel, init, BOOT, cwd=tmp_path_factory.mktemp("boot"))
    packages, vdsm = map(pytestconfig.getoption, ("host_packages", "vdsm"))
    around = tmp_path_factory.mktemp("around")
    surroundings.make(around, packages, vdsm)
    lab_host.make_lan()

    def new(name):
        try:
            return lab_host.LabHost(name, around=around, packages=packages, vdsm=vdsm)
        except (AssertionError, OSError, RuntimeError) as error:  # Every test would fail of it.
            shown = pictures().get(name, "")
            return pytest.exit(f"cannot set up the host {name}: {error}\n{shown}", returncode=1)

    return new


def on_glitter(host):
    """Return the host after it has got libvirt networks, our hook and those of captures."""
    host.log_in()
    make("install", f"DESTDIR={host.root}")
    host.add_libvirt_networks()
    for hook in captures.BEFORE, captures.AFTER:
        host.change_hooks(lab_host.add_hook(hook, captures.SCRIPT))
    return host


@pytest.fixture(scope="session")
def host(new_host):
    """Return the host on which the VMs start."""
    return on_glitter(new_host("source"))


@pytest.fixture(scope="session")
def destination(new_host):
    """Return a second host."""
    return on_glitter(new_host("destination"))


@pytest.fixture
def new_vm(host):
    """Yield a function that creates a Vm; all of them end after the test."""
    with vms_of(host) as new_vm:
        yield new_vm


@pytest.fixture(scope="module")
def module_vm(host):
    """Yield a Vm that ends after the module's last test."""
    with vms_of(host) as new_vm:
        yield new_vm()


@pytest.fixture
def captured(pytestconfig, host):
    """Return captures.check for the agent's version; with --capture-vnics, captures.write."""
    write = pytestconfig.getoption("capture_vnics") and pytestconfig.getoption("vdsm")
    return functools.partial(
        captures.write if write else captures.check, version=host.agent.version()
    )
