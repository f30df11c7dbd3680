# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works.

Its steps on hosts are gone through in tests/live, its playbook for them in tests/package.
"""

import re
import shutil

import pytest
import readme
from commands import make, run
from hook import REPOSITORY, TESTS, VNICS
from hook import run as run_hook
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
    assert run_hook(device).status == 0
    assert device.read_text(encoding="utf-8") == after


def test_the_audit_line_is_one_that_the_hook_writes(device):
    line = readme.block("text", " of VM ").text
    form = r"extnet: vNIC (\S+) of VM (\S+): bridge '(\w+)' -> network '(\w+)'\n"
    mac, vm, bridge, network = re.fullmatch(form, line).groups()
    device.write_text(
        f'<interface type="bridge"><mac address="{mac}"/><source bridge="{bridge}"/></interface>'
    )
    assert run_hook(device, extnet=network, environ={"vmId": vm}).stderr == line


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
