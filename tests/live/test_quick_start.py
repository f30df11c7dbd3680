# SPDX-License-Identifier: GPL-2.0-or-later
"""README's quick start as it is written, by hand and by its playbook, on hosts with Vdsm alone."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import POINTS, REPOSITORY
from host import Host
from vm import FILTER, Profile, vms_of

BUILD = REPOSITORY / "build"
# Its step 4: the profile belongs to the oVirt network that leads nowhere.
PROFILE = Profile("glitter", network="extnet", network_filter=FILTER)


@pytest.fixture(scope="module")
def hosts(pytestconfig):
    """Set up two hosts as Engine has, and build the package, by the command of step 1."""
    make("rpm")
    return [Host(name, pytestconfig.getoption("parts")) for name in ("first", "second")]


def follow(host, containing, **replacing):
    """Run README's block of commands with a text in it, answering yes; return what it printed."""
    commands = readme.block("shell", containing).text
    for word, value in replacing.items():
        commands = commands.replace(word, value)
    return host.run("bash", "-euc", f"exec < <(yes); cd /tmp\n{commands}")


def assert_set_up(host):
    """Assert that a VM that Engine starts on the host is on glitter, as step 5 has an admin see."""
    committed = run("git", "-C", REPOSITORY, "show", "HEAD:50_extnet", text=False).stdout
    hook = {"50_extnet": {"checksum": hashlib.sha256(committed).hexdigest()}}
    assert host.call("Host.getCapabilities")["hooks"] == dict.fromkeys(POINTS, hook)
    host.run("rpm", "--verify", "vdsm-hook-extnet")
    host.log_in()  # for the lab's own look at it
    with vms_of(host) as new_vm:
        vm = new_vm()
        (nic,) = vm.add(PROFILE)
        vm.start()
        assert (nic.on(), nic.reaches()) == ("glitter", "glitter")
        seen = follow(host, "domiflist", VM=vm.name)
        assert re.search(rf"network +glitter +virtio +{nic.mac}", seen)
        assert re.search(rf"{nic.mac} +ipv4 +192\.168\.150\.", seen)
        assert nic.audit_lines()[0] in seen


def test_by_hand_and_removed_again(hosts):
    host = hosts[0]
    assert "authentication failed" in host.run("sh", "-c", "virsh net-list 2>&1", status=1)
    shutil.copy(*BUILD.glob("*.noarch.rpm"), host.root / "tmp")
    follow(host, "dnf install --disablerepo")
    block = readme.block("shell", "stat -c")
    assert follow(host, "stat -c") == block.prints
    assert re.search("glitter +active +yes", follow(host, "net-define"))
    assert_set_up(host)
    login = "export LIBVIRT_AUTH_FILE=/run/virsh-auth.conf"
    follow(host, "dnf remove", **{"dnf remove": f"{login}\ndnf remove"})
    assert host.call("Host.getCapabilities")["hooks"] == {}
    assert host.run("virsh", "-r", "net-list", "--all", "--name").split() == []


def test_by_the_playbook_on_two_hosts(hosts, tmp_path):
    ansible = Path(sys.executable).with_name("ansible-playbook")
    if not ansible.exists():
        pytest.skip("needs ansible: make readme-tools")
    shutil.copytree(BUILD, tmp_path / "build")
    (tmp_path / "hosts.yml").write_text(readme.block("yaml", "hosts: hypervisors").text)
    here = "ansible_connection=community.docker.nsenter ansible_python_interpreter=/usr/bin/python3"
    lines = [f"{host.name} {here} ansible_nsenter_pid={host.keeper.pid}" for host in hosts]
    (tmp_path / "inventory").write_text("\n".join(["[hypervisors]", *lines, ""]))
    for changes in 3, 0:
        said = run(ansible, "-i", "inventory", "hosts.yml", cwd=tmp_path).stdout
        assert re.findall(r"changed=(\d+)", said) == [str(changes)] * 2, said
    for host in hosts:
        assert_set_up(host)
