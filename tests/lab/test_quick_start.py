# SPDX-License-Identifier: GPL-2.0-or-later
"""README's quick start as it is written, by hand and by its playbook."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import POINTS
from paths import REPOSITORY
from vm import FILTER, Profile, vms_of

# Its step 5: the profile belongs to the oVirt network that leads nowhere.
PROFILE = Profile("glitter", network="nowhere", network_filter=FILTER)


@pytest.fixture(scope="module")
def hosts(new_host):
    """Set up two hosts as Engine has, and build the package, by the command of step 1."""
    make("rpm")
    return [new_host(name) for name in ("first", "second")]


def assert_set_up(host):
    """Assert that a VM that Engine starts on the host is on glitter, as step 6 has an admin see."""
    host.do("rpm", "--verify", "vdsm-hook-extnet")
    assert "192.168.150.0/24 lookup main" in host.do("ip", "rule")
    host.log_in()  # for the lab's own look at it
    with vms_of(host) as new_vm:
        vm = new_vm()
        (nic,) = vm.add(PROFILE)
        vm.start(asks={"host": host.address})
        assert (nic.on(), nic.reports(answers="yes")["host"]) == ("glitter", "yes")
        seen = host.follow("domiflist", VM=vm.name)
        assert re.search(rf"network +glitter +virtio +{nic.mac}", seen)
        assert re.search(rf"{nic.mac} +ipv4 +192\.168\.150\.", seen)
        assert nic.audit_lines()[0] in seen


def test_by_hand_and_removed_again(hosts):
    host = hosts[0]
    assert "authentication failed" in host.do("sh", "-c", "virsh net-list 2>&1", status=1)
    shutil.copy(*(REPOSITORY / "build").glob("*.noarch.rpm"), host.root / "tmp")
    host.follow("dnf install --disablerepo")
    assert host.follow("stat -c") == readme.block("shell", "stat -c").prints
    assert re.search("glitter +active +yes", host.follow("net-define"))
    assert host.do("stat", "-c", "%a", "/run/virsh-auth.conf") == "600\n"
    assert re.search("^100:.* 192.168.150.0/24 lookup main", host.follow("systemctl enable"), re.M)
    host.follow("nmcli connection add")
    assert_set_up(host)
    host.follow("dnf remove")
    assert "100:" not in host.do("ip", "rule")
    assert "dummy_0" not in host.do("ip", "link")
    assert host.do("virsh", "-r", "net-list", "--all", "--name").split() == []
    assert host.do("find", "/usr", "-regex", ".*[-/_]extnet.*") == ""


def test_by_the_playbook_on_two_hosts(hosts, tmp_path, monkeypatch):
    ansible = Path(sys.executable).with_name("ansible-playbook")
    if not ansible.exists():
        pytest.skip("needs ansible: make readme-tools")
    here = "ansible_connection=community.docker.nsenter ansible_become=no"
    here += " ansible_python_interpreter=/usr/bin/python3"
    lines = [f"{host.name} {here} ansible_nsenter_pid={host.keeper.pid}" for host in hosts]
    (tmp_path / "inventory").write_text("\n".join(["[hypervisors]", *lines, ""]))
    monkeypatch.setenv("PATH", str(ansible.parent), prepend=":")
    check, play = re.findall(
        "^ansible-playbook .*", readme.block("shell", "make rpm\nansible").text, re.M
    )

    def changes(command):
        command = command.replace("-i inventory", f"-i {tmp_path}/inventory")
        said = run("sh", "-c", command, cwd=REPOSITORY).stdout
        return [int(number) for number in re.findall(r"changed=(\d+)", said)]

    assert min(changes(check)) >= 4
    assert [changes(play) for _ in range(2)] == [[5, 5], [0, 0]]
    for host in hosts:
        assert_set_up(host)
        host.add_switch_and_nic()
        host.follow("add-port ovsbr0")
    another = readme.block("shell", "network=ovs_net").text.partition("ansible-playbook")
    xml, play = another[0], (another[1] + another[2]).splitlines()[0]
    assert changes(f"{xml}{play}") == [1, 1]
    compare = readme.block("shell", "ansible hypervisors").text
    seen = run("bash", "-c", compare.replace("inventory", f"{tmp_path}/inventory"), cwd=REPOSITORY)
    assert seen.stdout.splitlines().count("glitter") == 2


@pytest.mark.needs_vdsm
def test_engine_is_told_of_the_hook(hosts):
    make("install", f"DESTDIR={hosts[0].root}")
    told = hosts[0].agent.call("Host.getCapabilities")["hooks"]
    checksum = hashlib.sha256((REPOSITORY / "50_extnet").read_bytes()).hexdigest()
    assert told == {point: {"50_extnet": {"checksum": checksum}} for point in POINTS}
