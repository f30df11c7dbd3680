# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works.

Its steps on hosts and the playbook for them are gone through in tests/live.
"""

import re
import shutil
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import REPOSITORY, TESTS, VNIC, call_hook
from lxml import etree


@pytest.mark.parametrize("block", readme.blocks("shell"), ids=str)
def test_a_block_of_commands_says_on_which_machine_and_announces_a_restart_of_engine(block):
    run("bash", "-n", "-c", block.text)
    assert block.place
    above = readme.TEXT.partition(block.text)[0].rpartition("\n```\n")[2].replace("\n", " ")
    assert ("restarts Engine.**" in above) == ("systemctl restart ovirt-engine" in block.text)


def test_make_demo_shows_the_diff_the_line_in_the_log_and_what_to_do_next():
    shown = make("demo").split("\n\n")
    assert shown[1] + "\n" == readme.block("diff", "<interface").text
    assert re.fullmatch("extnet: vNIC .*: bridge 'ovirtmgmt' -> network 'glitter'", shown[3])
    assert "quick start in README.md" in shown[4]


def test_the_audit_line_is_one_that_the_hook_writes(device):
    line = readme.block("text", " of VM ").text
    device.write_bytes(VNIC.replace(b"ovirtmgmt", b"nowhere"))
    vm = re.search(r" of VM (\S+):", line)[1]
    assert call_hook(device, environ={"vmId": vm}).stderr == line


def test_the_login_to_libvirt_is_for_root_alone(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    script = readme.block("shell", "authname=").text.split("virsh net")[0]
    script = script.replace("/run/", f"{tmp_path}/")
    run("bash", "-euc", script.replace("/etc/pki/vdsm/keys/libvirt_", f"{tmp_path}/"))
    file = tmp_path / "virsh-auth.conf"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "authname=vdsm@ovirt\npassword=secret\n" in file.read_text()


UNIT = TESTS / "networks" / "extnet-route@.service"


def test_systemd_finds_no_fault_with_the_unit(tmp_path):
    if not (shutil.which("systemd-analyze") and Path("/usr/sbin/ip").exists()):
        pytest.skip("needs systemd, and iproute2")
    instance = re.search(r"extnet-route@\S+\.service", readme.TEXT)[0]
    shutil.copy(UNIT, tmp_path / instance)
    done = run("systemd-analyze", "verify", tmp_path / instance)
    assert done.stdout + done.stderr == ""


def in_a_namespace(script):
    """Run a script as root of a network namespace of its own; return what it printed."""
    command = ["unshare", "--map-root-user", "--net"]
    if run(*command, "/usr/sbin/ip", "link", status=None).returncode:
        pytest.skip("needs network namespaces, and iproute2")
    return run(*command, "sh", "-c", script).stdout


def test_the_unit_leaves_one_rule_after_two_starts_and_none_when_stopped():
    lines = UNIT.read_text().replace("%I", "192.168.150.0/24")
    before, start, stop = re.findall("^Exec(?:StartPre|Start|Stop)=-?(.*)$", lines, re.M)
    started = f"{before}; {start} && ip rule; echo; "
    *seen, stopped = in_a_namespace(started * 2 + f"{stop} && ip rule").split("\n\n")
    rule = "100:\tfrom all to 192.168.150.0/24 lookup main"
    assert [rules.count(rule) for rules in [*seen, stopped]] == [1, 1, 0]


def test_the_check_for_monitoring_finds_a_vnic_on_the_bridge_of_the_ovirt_network():
    check = f"({readme.block('shell', 'grep ^vnet').text}) 2>/dev/null && echo well;"
    links = "ip link add nowhere type bridge; ip link add vnet0 type veth peer name dummy_0;"
    attach = "ip link set {} master nowhere;".format
    seen = in_a_namespace(f"{check}{links}{attach('dummy_0')}{check}{attach('vnet0')}{check} true")
    assert re.fullmatch("well\nvnet0@dummy_0 .*\n", seen)


RECIPES = [
    code
    for row in readme.rows(readme.section("Other networks"))
    for code in readme.codes(row[1])
    if code != "<forward>" and code[0] == "<"
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_libvirt_takes_a_recipe_and_keeps_it(recipe, tmp_path):
    """With libvirt's own test driver, which needs no daemon and no root."""
    if not shutil.which("virsh"):
        pytest.skip("needs virsh: Debian's libvirt-clients, Fedora's and EL's libvirt-client")
    name = "ovs_net" if "vlan" in recipe else "macvtap_net" if "dev=" in recipe else "glitter"
    network = etree.parse(TESTS / "networks" / f"{name}.xml").getroot()
    new = etree.fromstring(recipe)
    if new.tag == "forward":
        network.remove(network.find("forward"))
    network.append(new)
    (tmp_path / "new.xml").write_bytes(etree.tostring(network))
    commands = f"net-define new.xml; net-dumpxml {name}"
    printed = run("virsh", "--connect", "test:///default", commands, cwd=tmp_path).stdout
    kept = etree.fromstring(printed[printed.index("<network") :])
    for part in new.iter():
        found = [set(each.attrib.items()) for each in kept.iter(part.tag)]
        assert any(set(part.attrib.items()) <= attributes for attributes in found)


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
        headings = re.findall("^#+ (.*)$", found.read_text().lower(), re.M)
        assert anchor in [re.sub(r"[^\w -]", "", each).replace(" ", "-") for each in headings]


def test_the_contents_name_every_chapter():
    contents = re.search(r"^Contents: .*?\n\n", readme.PROSE, re.M | re.S)[0].replace("\n", " ")
    assert re.findall(r"\[(.*?)\]", contents) == re.findall("^## (.*)$", readme.PROSE, re.M)
