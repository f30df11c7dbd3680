# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works.

Its steps on hosts are gone through in tests/live, its playbook for them in tests/package, too.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import REPOSITORY, TESTS, VNICS, call_hook
from lxml import etree

SHELL = readme.blocks("shell")


def test_it_is_short():
    assert len(readme.TEXT.encode()) <= 24_000


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_block_of_commands_is_well_formed(block):
    run("bash", "-n", "-c", block.text)


def test_the_blocks_of_commands_say_on_which_machine():
    places = {re.sub(", as root$", "", block.place) for block in SHELL}
    assert places == {
        "any machine with rpmbuild, in a clone",
        "each host",
        "the Engine machine",
        "any machine that reaches Engine",
        "the VM's host",
        "the machine with the inventory",
    }


def test_before_and_after_are_what_the_hook_makes_of_it(device):
    lines = readme.block("diff", "<interface").text.splitlines()
    before, after = ("\n".join(line[1:] for line in lines if line[0] != other) for other in "+-")
    device.write_text(before, encoding="utf-8")
    assert call_hook(device).status == 0
    assert device.read_text(encoding="utf-8") == after


def test_the_audit_line_is_one_that_the_hook_writes(device):
    line = readme.block("text", " of VM ").text
    form = r"extnet: vNIC (\S+) of VM (\S+): bridge '(\w+)' -> network '(\w+)'\n"
    mac, vm, bridge, network = re.fullmatch(form, line).groups()
    device.write_text(
        f'<interface type="bridge"><mac address="{mac}"/><source bridge="{bridge}"/></interface>'
    )
    assert call_hook(device, extnet=network, environ={"vmId": vm}).stderr == line


def test_the_login_to_libvirt_is_for_root_alone(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    script = readme.block("shell", "authname=").text.split("virsh net")[0]
    script = script.replace("/run/", f"{tmp_path}/")
    run("bash", "-euc", script.replace("/etc/pki/vdsm/keys/libvirt_", f"{tmp_path}/"))
    file = tmp_path / "virsh-auth.conf"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "authname=vdsm@ovirt\npassword=secret\n" in file.read_text()


def test_ansible_lint_finds_no_fault_with_the_playbooks(tmp_path, monkeypatch):
    bin_ = Path(sys.executable).parent
    if not (bin_ / "ansible-lint").exists():
        pytest.skip("needs ansible-lint: make readme-tools")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(bin_), prepend=":")
    monkeypatch.setenv("OVIRT_URL", "https://engine.example.com/ovirt-engine/api")
    for number, block in enumerate(readme.blocks("yaml")):
        (tmp_path / f"{number}.yml").write_text(f"---\n{block.text}", encoding="utf-8")
    run("ansible-lint", "--offline", "--strict", *tmp_path.glob("*.yml"), cwd=tmp_path)


RECIPES = [
    code
    for row in readme.rows(readme.section("Recipes"))
    for code in readme.codes(row[1])
    if len(row) == 3 and code != "<forward>" and code[0] == "<"
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_libvirt_takes_a_recipe_and_keeps_it(recipe, tmp_path):
    """With libvirt's own test driver, which needs no daemon and no root."""
    if not shutil.which("virsh"):
        pytest.skip("needs virsh: Debian's libvirt-clients, Fedora's and EL's libvirt-client")
    name = "ovs_net" if "vlan" in recipe else "glitter"
    network = etree.parse(TESTS / "networks" / f"{name}.xml").getroot()
    new = etree.fromstring(recipe)
    for old in network.findall(new.tag) if new.tag == "forward" else []:
        network.remove(old)
    if len(new) and new.tag == "forward" and new[0].tag != "nat":  # a NIC of the host
        network = etree.fromstring("<network><name>other</name></network>")
    network.append(new)
    network.find("name").text = "other"
    (tmp_path / "other.xml").write_bytes(etree.tostring(network))
    commands = "net-destroy default; net-undefine default; net-define other.xml; net-dumpxml other"
    printed = run("virsh", "--connect", "test:///default", commands, cwd=tmp_path).stdout
    kept = etree.fromstring(printed[printed.index("<network") :])
    found = kept.findall(new.tag)
    assert any(set(new.attrib.items()) <= set(each.attrib.items()) for each in found)


def test_every_command_it_names_is_in_make_help_and_the_other_way_round():
    commands = [*readme.codes(readme.PROSE), *(block.text for block in SHELL)]
    named = set(re.findall("^make ([a-z-]+)", "\n".join(commands), re.M))
    listed = set(re.findall("^  make ([a-z-]+)", make("help"), re.M))
    assert named == {*listed, "help"}


def slug(heading):
    """Return the anchor that GitHub and its like give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", readme.TEXT))))
def test_a_link_leads_somewhere(target):
    if target.startswith("#"):
        assert target[1:] in map(slug, re.findall("^#+ (.*)$", readme.TEXT, re.M))
    elif not target.startswith("https://"):
        assert (REPOSITORY / target).exists()


def test_a_case_is_added_where_and_as_is_said():
    said = re.search(r"^\*\*To add a case\*\*.*?\n\n", readme.PROSE, re.M | re.S)[0]
    folders = {folder.name for folder in VNICS.iterdir()}
    assert folders | {"NAME-in.xml", "NAME-out.xml"} <= set(readme.codes(said))
