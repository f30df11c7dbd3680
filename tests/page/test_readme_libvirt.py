# SPDX-License-Identifier: GPL-2.0-or-later
"""README's networks and virsh commands, with the real virsh and libvirt's test driver.

That driver needs no daemon and no root, and keeps what is defined until virsh ends.
"""

import re
import shutil
import subprocess

import pytest
import readme
from hook import TESTS
from lxml import etree


def virsh(*commands, **options):
    """Run commands in one virsh and return what it printed."""
    if not shutil.which("virsh"):
        pytest.skip("needs virsh: Debian's libvirt-clients, Fedora's and EL's libvirt-client")
    command = ["virsh", "--connect", "test:///default", "; ".join(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert not done.stderr
    return done.stdout.strip()


def virsh_commands(block):
    """Return the commands of a block's lines that call virsh."""
    return re.findall(r"^virsh (?:-r )?(.*)$", block.text, re.M)


def test_virsh_prints_what_it_is_said_to_print():
    defining = readme.block("shell", "net-define glitter.xml")
    listing = readme.block("shell", "net-list --all")
    steps = ["net-undefine default", *virsh_commands(defining), *virsh_commands(listing)]
    printed = virsh("net-destroy default", *steps, cwd=TESTS / "networks")
    assert printed.endswith(f"{defining.prints}\n{listing.prints}".strip())


def test_virsh_takes_the_commands_of_the_open_vswitch_story():
    block = readme.block("shell", "net-define ovs_net.xml")
    printed = virsh(*virsh_commands(block), "net-info ovs_net", cwd=TESTS / "networks")
    assert re.search("Autostart: +yes", printed)


FORWARDS = [
    code for code in readme.codes(readme.section("Stories")) if code.startswith("<forward ")
]


@pytest.mark.parametrize("forward", FORWARDS)
def test_libvirt_takes_the_forward_of_another_kind_of_network(forward, tmp_path):
    # A network of libvirt's own needs an address; one that is a NIC of the host can have none.
    address = "" if len(etree.fromstring(forward)) else '<ip address="192.168.151.1" prefix="24"/>'
    network = tmp_path / "network.xml"
    network.write_text(f"<network><name>other</name>{forward}{address}</network>")
    assert "Network other defined" in virsh(f"net-define {network}")
