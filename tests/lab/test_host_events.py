# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a prepared host, and what a guest on glitter reaches after it.

Where the answer is no, NetworkManager or the kernel does what it was told, or README has a remedy.
"""

import shutil

import pytest
import readme
from agent import HOOKS
from commands import make
from hook import POINTS
from paths import HOOK, REPOSITORY
from stand_in import VERSION
from vm import GLITTER

UNIT = "extnet-route@192.168.150.0-24.service"
RULE = "to 192.168.150.0/24 priority 100 table main"
ALL = "host neighbour gateway beyond"
OFF_AND_ON = "nmcli networking off\nnmcli networking on\n"
UNMANAGED = readme.block("shell", "unmanaged-devices").text

EVENTS = [  # what is run, and what the guest reaches then besides its router; None: not even that
    (readme.block("shell", "--remove-forward").text, ALL),
    (f"systemctl disable --now {UNIT}", "beyond"),
    (f"systemctl enable --now {UNIT}", ALL),
    (f"ip rule del {RULE}\nsystemctl disable --now {UNIT}", "beyond"),
    (f"ip rule add {RULE}\nsystemctl enable --now {UNIT}", ALL),  # as after a crash
    ("nmcli connection up ovirtmgmt", ALL),
    ("nmcli device reapply ovirtmgmt", ALL),
    ("nmcli connection down ovirtmgmt", ""),
    ("nmcli connection up ovirtmgmt", ALL),
    ("systemctl restart NetworkManager", ALL),
    ("firewall-cmd --reload", ALL),
    ("firewall-cmd --complete-reload", ALL),
    ("systemctl restart firewalld", ALL),
    ("systemctl restart libvirtd", ALL),
    ("sysctl net.ipv4.ip_forward=0", "host"),
    ("sysctl net.ipv4.ip_forward=1", ALL),
    (UNMANAGED + OFF_AND_ON, ALL),
    ("rm /etc/NetworkManager/conf.d/libvirt.conf\nnmcli general reload conf\n" + OFF_AND_ON, None),
]


@pytest.fixture(scope="module")
def host(new_host):
    """Prepare a host by README's steps 1 to 3."""
    make("rpm")
    host = new_host("events")
    # Vdsm's hook point has the hook under another name, too: it stays when the package goes.
    shutil.copy(HOOK, host.root / HOOKS / POINTS[0] / "60_extnet")
    install(host)
    host.follow("net-define")
    host.follow("systemctl enable")
    host.log_in()
    return host


def install(host):
    """Do README's step 1 on the host."""
    shutil.copy(*(REPOSITORY / "build").glob("*.noarch.rpm"), host.root / "root")
    host.follow("dnf -y install")


@pytest.fixture(scope="module")
def nic(module_vm):
    """Start a VM on glitter; return its vNIC."""
    (nic,) = module_vm.add(GLITTER)
    module_vm.start(asks=module_vm.host.asks)
    return nic


@pytest.mark.parametrize(
    ("commands", "reached"), EVENTS, ids=lambda each: str(each).split("\n")[-2:][0]
)
def test_what_a_guest_reaches_after(host, nic, commands, reached):
    host.do("bash", "-euc", commands)
    if reached is None:
        nic.reports(address="none")
    else:
        nic.reaches_only(*reached.split())
    assert host.do("systemctl", "--failed", "--no-legend") == ""


def test_after_a_distro_sync_and_a_boot_the_rule_is_gone_until_steps_1_and_3(host, new_vm):
    host.do("dnf", "--assumeyes", "distro-sync")
    host.reboot()
    said = host.do("sh", "-c", f"systemctl status {UNIT} 2>&1", status=4)
    assert "could not be found" in said
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    vm.start(asks=host.asks)
    nic.reaches_only("beyond")
    install(host)
    host.follow("systemctl enable")
    nic.reaches_only(*host.asks)


def test_the_way_back_to_ovirts_hook_takes_the_rule_with_it(host):
    host.follow("dnf -y downgrade")
    assert host.do("rpm", "-q", "--qf", "%{VERSION}", "vdsm-hook-extnet") == VERSION
    assert "100:" not in host.do("ip", "rule")
    assert host.do("find", "/etc", "/usr/lib/systemd", "-name", "extnet-route*") == ""
    host.reboot()  # no unit fails
