# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works.

Its steps on hosts and the playbook for them are gone through in tests/lab.
"""

import re
import shutil
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import VNIC, call_hook
from lxml import etree
from paths import REPOSITORY, SHIPPED


@pytest.mark.parametrize("block", readme.blocks("shell"), ids=str)
def test_a_block_of_commands_says_on_which_machine_and_announces_a_restart_of_engine(block):
    run("bash", "-n", "-c", block.text)
    assert block.place
    above = readme.TEXT.partition(block.text)[0].rpartition("\n```\n")[2].replace("\n", " ")
    assert ("restarts Engine.**" in above) == ("systemctl restart ovirt-engine" in block.text)


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
    if not (shutil.which("systemd-analyze") and Path("/usr/sbin/ip").exists()):
        pytest.skip("needs systemd, and iproute2")
    instance = re.search(r"extnet-route@\S+\.service", readme.TEXT)[0]
    shutil.copy(SHIPPED / "extnet-route@.service", tmp_path / instance)
    done = run("systemd-analyze", "verify", tmp_path / instance)
    assert done.stdout + done.stderr == ""


RECIPES = [
    code
    for row in readme.rows(readme.section("Other networks"))
    for code in readme.codes(row[1])
    if code != "<forward>" and code[0] == "<"
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_libvirt_takes_a_recipe(recipe, tmp_path):
    """With libvirt's own test driver, which needs no daemon and no root."""
    if not shutil.which("virsh"):
        pytest.skip("needs virsh: Debian's libvirt-clients, Fedora's and EL's libvirt-client")
    name = "ovs_net" if "vlan" in recipe else "macvtap_net" if "dev=" in recipe else "glitter"
    network = etree.parse(SHIPPED / f"{name}.xml").getroot()
    new = etree.fromstring(recipe)
    if new.tag == "forward":
        network.remove(network.find("forward"))
    network.append(new)
    (tmp_path / "new.xml").write_bytes(etree.tostring(network))
    run("virsh", "--connect", "test:///default", "net-define --validate new.xml", cwd=tmp_path)


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
        # GitHub and its like make the anchor of a heading in this way.
        prose = re.sub("^```.*?^```$", "", found.read_text().lower(), flags=re.M | re.S)
        headings = re.findall("^#+ (.*)$", prose, re.M)
        assert anchor in [re.sub(r"[^\w -]", "", each).replace(" ", "-") for each in headings]
