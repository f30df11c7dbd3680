# SPDX-License-Identifier: GPL-2.0-or-later
"""README, CONTRIBUTING and the code agree: what the pages show exists, what they say to run works.

The lab runs README's steps on hosts and the playbook for hosts.
"""

import re
import shutil
from pathlib import Path

import pytest
import readme
from commands import make, needs, run
from hook import VNIC, call_hook
from lxml import etree
from paths import REPOSITORY, SHIPPED


@pytest.mark.parametrize("block", readme.blocks("shell"), ids=str)
def test_a_block_of_commands_says_on_which_machine_and_announces_a_restart_of_engine(block):
    run("bash", "-n", "-c", block.text)
    assert block.place
    above = readme.TEXT.partition(block.text)[0].rpartition("\n```\n")[2].replace("\n", " ")
    restarts = re.search("systemctl restart ovirt-engine|engine.yml", block.text)
    assert ("restarts Engine.**" in above) == bool(restarts)


def test_make_demo_shows_the_diff_the_line_in_the_log_and_what_to_do_next(python):
    shown = make("demo", f"PYTHON={python}").split("\n\n")
    assert shown[1] + "\n" == readme.block("diff", "<interface").text
    assert re.fullmatch(r"extnet: bridge 'ovirtmgmt' -> libvirt network 'glitter' \(.*\)", shown[3])
    assert "quick start in README.md" in shown[4]


def test_the_audit_line_is_one_that_the_hook_writes(device):
    line = readme.block("text", " of VM ").text
    device.write_bytes(VNIC.replace(b"ovirtmgmt", b"nowhere"))
    vm = re.search(r" of VM (\S+)\)", line)[1]
    assert call_hook(device, environ={"vmId": vm}).stderr == line


def test_systemd_finds_no_fault_with_the_unit(tmp_path):
    needs("systemd-analyze", "/usr/sbin/ip")
    instance = re.search(r"extnet-route@\S+\.service", readme.TEXT)[0]
    shutil.copy(SHIPPED / "extnet-route@.service", tmp_path / instance)
    done = run("systemd-analyze", "verify", tmp_path / instance)
    assert done.stdout + done.stderr == ""


def test_libvirt_accepts_each_recipe_for_a_network(tmp_path, subtests):
    """The test driver of libvirt needs no daemon and no root."""
    needs("virsh")
    rows = readme.rows(readme.section("More networks"))
    codes = [code for row in rows for code in readme.codes(row[1])]
    recipes = [code for code in codes if code.startswith("<") and code != "<forward>"]
    assert recipes
    for recipe in recipes:
        name = "ovs_net" if "vlan" in recipe else "macvtap_net" if "dev=" in recipe else "glitter"
        network = etree.parse(SHIPPED / f"{name}.xml").getroot()
        new = etree.fromstring(recipe)
        if new.tag == "forward":
            network.remove(network.find("forward"))
        network.append(new)
        (tmp_path / "new.xml").write_bytes(etree.tostring(network))
        with subtests.test(recipe):
            define = "net-define --validate new.xml"
            run("virsh", "--connect", "test:///default", define, cwd=tmp_path)


PAGES = {
    path: (REPOSITORY / path).read_text(encoding="utf-8")
    for path in ("README.md", ".github/CONTRIBUTING.md")
}


def test_every_command_they_name_is_in_make_help_and_the_other_way_round():
    named = set(re.findall("(?:`|^)make ([a-z-]+)", "".join(PAGES.values()), re.M))
    listed = set(re.findall("^  make ([a-z-]+)", make("help"), re.M))
    assert named == {*listed, "help"}


LINKS = {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)]+)\)", PAGES[page])}


@pytest.mark.parametrize(("page", "link"), sorted(LINKS))
def test_a_link_leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    found = REPOSITORY / Path(page).parent / path if path else REPOSITORY / page
    if not link.startswith("https://"):
        assert found.exists()
    if anchor:
        # GitHub and similar sites create the anchor of a heading in this way.
        prose = re.sub("^```.*?^```$", "", found.read_text().lower(), flags=re.M | re.S)
        headings = re.findall("^#+ (.*)$", prose, re.M)
        assert anchor in [re.sub(r"[^\w -]", "", each).replace(" ", "-") for each in headings]
