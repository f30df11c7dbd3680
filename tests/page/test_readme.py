# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works."""

import re
import shutil
import subprocess

import pytest
import readme
from hook import REPOSITORY, VNICS, run
from lxml import etree

SHELL = readme.blocks("shell")
NETWORKS = [block for block in readme.blocks("xml") if block.above.startswith("<!-- ")]
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))


def bash(script, folder):
    """Run a script with bash, which ends at the first failure; return what it printed."""
    command = ["bash", "-euo", "pipefail", "-c", "exec 2>&1 </dev/null\n" + script]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path):
    """Return a copy of the repository, without what was made in it."""
    made = shutil.ignore_patterns(".*", "build", "__pycache__")
    return shutil.copytree(REPOSITORY, tmp_path / "clone", ignore=made)


@pytest.mark.parametrize("block", [block for block in SHELL if not block.place], ids=str)
def test_a_block_of_commands_for_a_clone_runs(block, clone):
    printed = bash(block.text, clone)
    if block.prints:
        assert printed == block.prints


@pytest.mark.parametrize("block", [block for block in SHELL if block.place], ids=str)
def test_a_block_of_commands_for_another_machine_is_well_formed(block):
    assert subprocess.run(["bash", "-n", "-c", block.text], check=False).returncode == 0


def test_the_blocks_for_other_machines_say_which():
    places = {re.sub(", as root$", "", block.place) for block in SHELL}
    assert places == {
        "",
        "any machine with rpmbuild",
        "each host",
        "the Engine machine",
        "any machine that reaches Engine",
        "the VM's host",
    }


def test_installing_shows_the_hook_in_its_three_points(clone):
    listing = bash(readme.block("shell", "DESTDIR=").text, clone)
    points = set(re.findall(r"/hooks/(\w+)/50_extnet(?: ->|\n)", listing))
    assert points == {
        "before_device_create",
        "before_nic_hotplug",
        "before_update_device",
    }
    steps = readme.section("2. Install the hook on every host")
    assert {row[0].strip("`") for row in readme.rows(steps)} == points


def test_before_and_after_are_what_the_hook_makes_of_it(tmp_path):
    lines = readme.block("diff", "<interface").text.splitlines()
    before, after = ("\n".join(line[1:] for line in lines if line[0] != other) for other in "+-")
    device = tmp_path / "vnic.xml"
    device.write_text(before, encoding="utf-8")
    assert run(device).status == 0
    assert device.read_text(encoding="utf-8") == after


@pytest.mark.parametrize("block", NETWORKS, ids=lambda block: block.above)
def test_a_network_is_the_very_file_that_the_tests_use(block):
    name = re.fullmatch("<!-- (.*) -->", block.above)[1]
    assert block.text == (REPOSITORY / name).read_text(encoding="utf-8")


def test_the_networks_of_the_two_stories_are_there():
    names = {etree.fromstring(block.text).findtext("name") for block in NETWORKS}
    assert names == {"glitter", "ovs_net"}


@pytest.mark.parametrize("block", readme.blocks("xml"), ids=str)
def test_an_xml_block_parses(block):
    etree.fromstring(block.text)


def test_every_make_target_it_names_exists():
    commands = [*readme.codes(readme.PROSE), *(block.text for block in SHELL)]
    named = set(re.findall("(?:^|&& )make ([a-z-]+)", "\n".join(commands), re.M))
    assert named <= TARGETS
    assert {"demo", "check", "install"} <= named


def test_every_target_of_make_help_is_in_the_development_section():
    listed = {f"make {target}" for target in re.findall("^([a-z-]+):.*## ", MAKEFILE, re.M)}
    assert listed
    rows = readme.rows(readme.section("Development"))
    assert listed <= {code for row in rows for code in readme.codes(row[0])}


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
    assert set(readme.codes(said)) == folders | {"NAME-in.xml", "NAME-out.xml"}


def test_the_audit_line_is_one_that_the_hook_writes(device):
    line = readme.block("text", " of VM ").text
    form = r"extnet: vNIC (\S+) of VM (\S+): bridge '(\w+)' -> network '(\w+)'\n"
    mac, vm, bridge, network = re.fullmatch(form, line).groups()
    device.write_text(
        f'<interface type="bridge"><mac address="{mac}"/><source bridge="{bridge}"/></interface>'
    )
    assert run(device, extnet=network, environ={"vmId": vm}).stderr == line
