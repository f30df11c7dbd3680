# SPDX-License-Identifier: GPL-2.0-or-later
"""README's quick start as it is written, by hand and by its playbook, and its removal."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import pytest
import readme
import surroundings
from agent import until
from commands import make, run
from hook import POINTS
from paths import REPOSITORY
from vm import FILTER, Profile, vms_of

# Its step 5: the profile belongs to the oVirt network that leads nowhere.
PROFILE = Profile("glitter", network="nowhere", network_filter=FILTER)
IN_LAN = ["ip", "netns", "exec", "neighbour"]  # the machine with Ansible


@pytest.fixture(scope="module")
def hosts(new_host):
    """Set up two hosts as Engine has, and build the package, by the command of step 1."""
    make("rpm")
    return [new_host(name) for name in ("first", "second")]


def assert_set_up(host):
    """Assert that a VM that Engine starts on the host is on glitter, as README's step 6 says."""
    host.do("rpm", "--verify", "vdsm-hook-extnet")
    assert "192.168.150.0/24 lookup main" in host.do("ip", "rule")
    assert "dummy_0" in host.do("ip", "link")
    with vms_of(host) as new_vm:
        vm = new_vm()
        (nic,) = vm.add(PROFILE)
        vm.start(asks=host.asks)
        assert nic.on() == "glitter"
        nic.reaches_only(*host.asks)
        seen = host.follow("net-dhcp-leases", VM=vm.name)
        assert re.search(rf"network +glitter +virtio +{nic.mac}", seen)
        assert re.search(rf"{nic.mac} +ipv4 +192\.168\.150\.", seen)
        assert (
            f"bridge 'nowhere' -> libvirt network 'glitter' (vNIC {nic.mac} of VM {vm.id})" in seen
        )


def wait_until_gone(host, nic):
    """Wait until a NIC is gone: NetworkManager removes it after it has answered nmcli."""
    until(lambda: nic not in host.do("ip", "link"), f"{nic} to be gone")


def test_by_hand_rebooted_and_removed(hosts):
    host = hosts[0]
    assert "authentication failed" in host.do("sh", "-c", "virsh net-list 2>&1", status=1)
    shutil.copy(*(REPOSITORY / "build").glob("*.noarch.rpm"), host.root / "root")
    host.follow("dnf -y install")
    assert host.follow("stat -c") == readme.block("shell", "stat -c").prints
    assert not host.forwards()
    assert re.search("glitter +active +yes", host.follow("net-define"))
    assert host.do("stat", "-c", "%a", "/run/virsh-auth.conf") == "600\n"
    assert host.forwards()
    enabled = host.follow("systemctl enable")
    assert re.search("^100:.* 192.168.150.0/24 lookup main", enabled, re.M)
    host.follow("nmcli connection add")
    assert_set_up(host)
    host.reboot()
    assert_set_up(host)
    status = host.do("systemctl", "status", "extnet-route@*")
    assert set(re.findall(r"status=([^)]*)\)", status)) == {"0/SUCCESS"}
    assert re.search(
        r"libvirt\n +interfaces: .*virbr-glitter", host.do("firewall-cmd", "--get-active-zones")
    )
    # /run is empty, so virsh has no password, and the first command fails.
    host.follow("dnf -y remove", status=1)
    host.do("rpm", "--verify", "vdsm-hook-extnet")
    assert host.do("virsh", "-r", "net-list", "--name").split() == ["glitter"]
    login = re.search(".*^END\n", readme.block("shell", "net-define").text, re.M | re.S)[0]
    host.do("bash", "-euc", login)
    host.follow("dnf -y remove")
    assert "100:" not in host.do("ip", "rule")
    assert "dummy_0" not in host.do("nmcli", "connection")
    wait_until_gone(host, "dummy_0")
    assert host.do("virsh", "-r", "net-list", "--all", "--name").split() == []
    left = host.do("find", "/usr", "/etc", "-regex", ".*[-/_]extnet.*").splitlines()
    assert not [path for path in left if surroundings.OVIRT not in path]
    assert host.do("systemctl", "--failed", "--no-legend") == ""
    assert host.forwards()
    host.follow("--remove-forward")
    assert not host.forwards()


@pytest.fixture
def play(hosts, tmp_path, monkeypatch):
    """Return a function that runs a command of README's on the machine with Ansible."""
    ansible = Path(sys.executable).with_name("ansible-playbook")
    if not ansible.exists():
        pytest.skip("needs ansible: make readme-tools")
    run("ssh-keygen", "-q", "-N", "", "-f", tmp_path / "key")
    public = (tmp_path / "key.pub").read_text()
    allow = ["install", "-D", "/dev/stdin", "/root/.ssh/authorized_keys"]
    for host in hosts:
        host.do(*allow, stdin=None, input=public)
    options = f"ansible_user=root ansible_ssh_private_key_file={tmp_path}/key"
    options += " ansible_python_interpreter=/usr/bin/python3"
    lines = [f"{host.name} ansible_host={host.address} {options}" for host in hosts]
    (tmp_path / "inventory").write_text("\n".join(["[hypervisors]", *lines, ""]))
    monkeypatch.setenv("PATH", str(ansible.parent), prepend=":")
    monkeypatch.setenv("ANSIBLE_HOST_KEY_CHECKING", "false")
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")

    def play(command, **options):
        command = command.replace("-i inventory", f"-i {tmp_path}/inventory")
        return run(*IN_LAN, "bash", "-c", command, cwd=REPOSITORY, **options).stdout

    return play


def changes(said):
    """Return the number of changes on each host, from the output of a playbook."""
    return [int(number) for number in re.findall(r"changed=(\d+)", said)]


def test_by_the_playbook_on_two_hosts(hosts, play):
    check, first = re.findall(
        "^ansible-playbook .*", readme.block("shell", "make rpm\nansible").text, re.M
    )
    assert min(changes(play(check))) >= 4
    assert [changes(play(first)) for _ in range(2)] == [[5, 5], [0, 0]]
    for host in hosts:
        assert_set_up(host)
        host.add_switch_and_nic()
        host.follow("add-port ovsbr0")
    another = readme.block("shell", "network=ovs_net").text.partition("ansible-playbook")
    xml, second = another[0], (another[1] + another[2]).splitlines()[0]
    assert changes(play(f"{xml}{second}")) == [1, 1]
    seen = play(readme.block("shell", "ansible hypervisors").text)
    assert seen.splitlines().count("glitter") == 2


def test_the_playbook_asks_networkmanager_for_the_profile_and_the_kernel_for_the_nic(hosts, play):
    run_it = "ansible-playbook -i inventory tests/shipped/hosts.yml"
    play(run_it)
    hosts[0].do("nmcli", "connection", "down", "dummy_0")  # its NIC is gone, its profile is not
    hosts[1].do("nmcli", "connection", "delete", "dummy_0")
    for host in hosts:
        wait_until_gone(host, "dummy_0")
    hosts[1].do("ip", "link", "add", "dummy_0", "type", "bridge")  # the other way round
    assert [changes(play(run_it)) for _ in range(2)] == [[1, 1], [0, 0]]
    for host in hosts:
        assert "dummy_0" in host.do("ip", "link")
        assert host.do("nmcli", "-g", "NAME", "connection").split().count("dummy_0") == 1
    for host in hosts:  # as if the kernel could not create the NIC
        nmcli = host.root / "usr/local/bin/nmcli"
        nmcli.write_text(surroundings.NMCLI.replace("type bridge", "type generic"))
        nmcli.chmod(0o755)
    for _ in range(2):
        said = play(f"{run_it} -e nic=dummy_9", status=2)
        assert "has a profile for dummy_9, but there is no such NIC" in said
        assert said.count("failed=1") == 2
    for host in hosts:
        assert host.do("nmcli", "-g", "NAME", "connection").split().count("dummy_9") == 1


@pytest.mark.needs_vdsm
def test_engine_is_told_of_the_hook(hosts):
    make("install", f"DESTDIR={hosts[0].root}")
    told = hosts[0].agent.call("Host.getCapabilities")["hooks"]
    checksum = hashlib.sha256((REPOSITORY / "50_extnet").read_bytes()).hexdigest()
    assert told == {point: {"50_extnet": {"checksum": checksum}} for point in POINTS}
