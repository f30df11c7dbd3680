# SPDX-License-Identifier: GPL-2.0-or-later
"""README and code hold together: what it shows is what is there, what it says to run works.

Its steps on hosts and the playbook for them are gone through in tests/live.
"""

import re
import shutil
import sys
from ipaddress import ip_interface
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import REPOSITORY, TESTS, VNICS, call_hook
from lxml import etree

SHELL = readme.blocks("shell")


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_block_of_commands_is_well_formed(block):
    run("bash", "-n", "-c", block.text)


def test_the_blocks_of_commands_say_on_which_machine():
    places = {re.sub(", as root$", "", block.place) for block in SHELL}
    assert places == {
        "any machine with rpmbuild, in a clone",
        "any machine with Ansible, in a clone",
        "each host",
        "the Engine machine",
        "any machine that reaches Engine",
        "the VM's host",
    }


def test_a_restart_of_engine_is_announced_above_its_command():
    parts = readme.TEXT.replace("\n", " ").split("systemctl restart ovirt-engine")[:-1]
    assert len(parts) == 4
    for part in parts:
        assert "block restarts Engine.**" in part or "command restarts Engine.**" in part


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
    playbooks = (TESTS / "playbooks").glob("*.yml")
    run("ansible-lint", "--offline", "--strict", *playbooks, cwd=tmp_path)


UNIT = TESTS / "networks" / "extnet-route@.service"


def test_the_unit_of_the_page_and_of_the_playbook_is_for_the_subnet_of_glitter(tmp_path):
    address = etree.parse(TESTS / "networks" / "glitter.xml").find("ip")
    subnet = ip_interface("{address}/{netmask}".format(**address.attrib)).network
    units = set(re.findall(r"extnet-route@\S+\.service", readme.TEXT))
    assert units == {UNIT.name.replace("@", f"@{subnet}".replace("/", "-"))}
    playbook = (TESTS / "playbooks" / "hosts.yml").read_text()
    assert f"\n    subnet: {subnet} " in playbook
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd")
    shutil.copy(UNIT, tmp_path / units.pop())
    done = run("systemd-analyze", "verify", *tmp_path.iterdir())
    assert done.stdout + done.stderr == ""


def in_a_namespace(script):
    """Run a script as root of a network namespace of its own; return what it printed."""
    command = ["unshare", "--map-root-user", "--net"]
    if run(*command, "true", status=None).returncode:
        pytest.skip("needs network namespaces")
    return run(*command, "sh", "-c", script).stdout


def test_the_unit_leaves_one_rule_after_two_starts_and_none_when_stopped():
    lines = re.findall("^Exec([A-Za-z]+)=-?(.*)$", UNIT.read_text(), re.M)
    assert [name for name, _ in lines] == ["StartPre", "Start", "Stop"]
    before, start, stop = (line.replace("%I", "192.168.150.0/24") for _, line in lines)
    started = f"{before}; {start} && ip rule; echo; "
    *seen, stopped = in_a_namespace(started * 2 + f"{stop} && ip rule").split("\n\n")
    rule = "100:\tfrom all to 192.168.150.0/24 lookup main"
    assert [rules.count(rule) for rules in [*seen, stopped]] == [1, 1, 0]


def test_the_check_for_monitoring_finds_a_vnic_on_the_bridge_of_the_ovirt_network():
    check = f"({readme.block('shell', 'grep ^vnet').text}) && echo well;"
    make = "ip link add extnet type bridge; ip link add vnet0 type veth peer name dummy_0;"
    attach = "ip link set {} master extnet;".format
    seen = in_a_namespace(f"{make}{attach('dummy_0')}{check}{attach('vnet0')}{check} true")
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


PAGES = {
    path: (REPOSITORY / path).read_text(encoding="utf-8")
    for path in ("README.md", ".github/CONTRIBUTING.md")
}


def test_every_command_they_name_is_in_make_help_and_the_other_way_round():
    named = set(re.findall("(?:`|^)make ([a-z-]+)", "".join(PAGES.values()), re.M))
    listed = set(re.findall("^  make ([a-z-]+)", make("help"), re.M))
    assert named == {*listed, "help"}


def slug(heading):
    """Return the anchor that GitHub and its like give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


LINKS = {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)]+)\)", PAGES[page])}


@pytest.mark.parametrize(("page", "link"), sorted(LINKS))
def test_a_link_leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    found = REPOSITORY / Path(page).parent / path if path else REPOSITORY / page
    if not link.startswith("https://"):
        assert found.exists()
    if anchor:
        assert anchor in map(slug, re.findall("^#+ (.*)$", found.read_text(), re.M))


def test_the_contents_name_every_chapter():
    contents = re.search(r"^Contents: .*?\n\n", readme.PROSE, re.M | re.S)[0].replace("\n", " ")
    assert re.findall(r"\[(.*?)\]", contents) == re.findall("^## (.*)$", readme.PROSE, re.M)


def test_a_case_is_added_where_and_as_is_said():
    folders = {folder.name for folder in VNICS.iterdir()}
    said = readme.codes(PAGES[".github/CONTRIBUTING.md"])
    assert folders | {"NAME-in.xml", "NAME-out.xml", "NAME.xml", "NAME.txt"} <= set(said)
