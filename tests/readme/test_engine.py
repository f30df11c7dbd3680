# SPDX-License-Identifier: GPL-2.0-or-later
"""README's step 5 and its playbook, with a stand-in for Engine's REST API."""

import base64
import collections
import copy
import re
import sys
from pathlib import Path

import pytest
import readme
from commands import run
from lxml import etree
from paths import TESTS
from werkzeug import Response

API = "/ovirt-engine/api"
LOGINS = "Bearer t", f"Basic {base64.b64encode(b'admin@internal:secret').decode()}"
# What Engine calls its lists. A path has no "_" in such a name, and no "host_" before nics.
LISTS = """data_centers clusters networks hosts host_nics network_attachments
    network_filters vnic_profiles events""".split()


def named(kind, name):
    """Return an element of Engine's: a host, say."""
    return etree.fromstring(f"<{kind}><name>{name}</name></{kind}>")


class Engine:
    """As much of Engine's REST API as the playbook and the commands take, kept as XML."""

    def __init__(self, server):
        """Take a server for HTTP. Engine has a data center with a cluster of one host."""
        self.changes = []
        self.lists = collections.defaultdict(list)
        self.add("datacenters", named("data_center", "Default"))
        self.add("clusters", named("cluster", "Default"))
        self.add("networkfilters", named("network_filter", "vdsm-no-mac-spoofing"))
        self.add("events", named("event", "any"))  # Ansible's module for hosts asks for one
        self.add("hosts", named("host", "host1"))
        token = server.expect_request(re.compile("/ovirt-engine/s.*"))
        token.respond_with_json({"access_token": "t"})
        server.expect_request(re.compile(f"{API}.*")).respond_with_handler(self.answer)

    def answer(self, request):
        """Take a request for a list, for one thing in it or for an action; return a Response."""
        assert request.headers["Authorization"] in LOGINS
        path = request.path.removeprefix(API).strip("/")
        path = path.replace("datacenters/id-of-Default/networks", "networks")
        above, _, last = path.rpartition("/")
        if request.method != "GET":
            self.changes.append(f"{request.method} {path}")
        if request.method == "POST":
            shown = getattr(self, last)(above, etree.fromstring(request.get_data()))
        elif not path:
            version = "<version><major>4</major><minor>5</minor></version>"
            shown = etree.fromstring(f"<api><product_info>{version}</product_info></api>")
        elif last.startswith("id-of-"):
            (shown,) = (each for each in self.lists[above] if each.get("id") == last)
            if request.method == "DELETE":
                self.lists[above].remove(shown)
        else:
            (tag,) = (tag for tag in LISTS if tag.removeprefix("host_").replace("_", "") == last)
            shown = etree.Element(tag)
            name = re.search(r'name="?(\w+)', request.args.get("search", ""))
            for each in copy.deepcopy(self.lists[path]):
                if not name or each.findtext("name") == name[1]:
                    shown.append(each)
                if request.args.get("follow") == "nics":
                    nics = copy.deepcopy(self.lists[f"{path}/{each.get('id')}/nics"])
                    etree.SubElement(each, "nics").extend(nics)
        return Response(etree.tostring(shown), mimetype="application/xml")

    def add(self, path, sent):
        """Keep what was sent, with an id, in a list."""
        name = sent.findtext("name")
        sent.attrib.update({"id": f"id-of-{name}", "href": f"{API}/{path}/id-of-{name}"})
        self.lists[path].append(sent)
        return sent

    def networks(self, above, sent):
        """Add a network: to a cluster; or to the data center, which adds a profile, too.

        Engine's AddNetworkCommand.java and AddNetworkStoragePoolParameters.java have that.
        """
        path = f"{above}/networks".lstrip("/")
        if not above:
            self.vnicprofiles(f"{path}/id-of-nowhere", named("vnic_profile", "nowhere"))
        return self.add(path, sent)

    def vnicprofiles(self, above, sent):
        """Add a profile, and what it lacks: AbstractBackendVnicProfilesResource.java."""
        if above:
            etree.SubElement(sent, "network", id=above.rpartition("/")[2])
        if sent.find("network_filter") is None:
            etree.SubElement(sent, "network_filter", id="id-of-vdsm-no-mac-spoofing")
        sent.append(etree.fromstring("<pass_through><mode>disabled</mode></pass_through>"))
        return self.add("vnicprofiles", sent)

    def refresh(self, above, sent):
        """Learn of a host's NICs."""
        self.add(f"{above}/nics", named("host_nic", "dummy_0"))
        return sent

    def setupnetworks(self, above, sent):
        """Attach a network to a NIC that Engine knows."""
        (attachment,) = sent.iter("network_attachment")
        (nic,) = self.lists[f"{above}/nics"]
        assert attachment.findtext("host_nic/name") == nic.findtext("name")
        (network,) = self.lists["networks"]
        attachment.find("network").set("href", network.get("href"))
        self.lists[f"{above}/nics/{nic.get('id')}/networkattachments"].append(attachment)
        return sent


@pytest.fixture
def engine(httpserver, tmp_path, monkeypatch):
    """Return a stand-in for Engine, whose address is in the environment as README has it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").touch()
    login = readme.block("shell", "OVIRT_CAFILE=").text
    values = run("bash", "-euc", f"scp() {{ :; }}; exec <<<secret\n{login}\nenv").stdout
    for name, value in re.findall("^(OVIRT_[A-Z]+)=(.*)$", values, re.M):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OVIRT_URL", httpserver.url_for(API))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "localhost")
    return Engine(httpserver)


def profiles(engine):
    """Return of each profile its name, its network, its filter and its custom properties."""
    parts = "name/text()", "network/@id", "network_filter/@id", ".//custom_property/*/text()"
    return [[each.xpath(part) for part in parts] for each in engine.lists["vnicprofiles"]]


PROFILE = [["glitter"], ["id-of-nowhere"], ["id-of-vdsm-no-mac-spoofing"], ["extnet", "glitter"]]


def test_the_playbook_makes_network_and_profile_and_then_changes_nothing(engine, monkeypatch):
    pytest.importorskip("ovirtsdk4", reason="needs oVirt's SDK: make readme-tools")
    Path("inventory").write_text("[hypervisors]\nhost1\n")
    Path("tests").symlink_to(TESTS)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")

    def play(containing):
        """Play it by the command of the page; return how many things it changed."""
        commands = readme.block("shell", containing).text.splitlines()
        (command,) = (line for line in commands if "engine.yml" in line)
        engine.changes.clear()
        changed = int(re.search(r"changed=(\d+)", run("bash", "-c", command).stdout)[1])
        assert (changed == 0) == (engine.changes == [])
        return changed

    mine = etree.fromstring('<vnic_profile><name>nowhere</name><network id="mine"/></vnic_profile>')
    engine.lists["vnicprofiles"].append(mine)
    assert play("inventory tests/shipped/engine.yml\n") == 5
    assert profiles(engine)[1:] == [PROFILE]
    (network,) = engine.lists["networks"]
    assert network.findtext("usages/usage") == "vm"
    (assigned,) = engine.lists["clusters/id-of-Default/networks"]
    assert [assigned.findtext(key) for key in ("name", "required")] == ["nowhere", "false"]
    (attached,) = engine.lists["hosts/id-of-host1/nics/id-of-dummy_0/networkattachments"]
    assert attached.findtext("network/name") == "nowhere"
    assert play("inventory tests/shipped/engine.yml\n") == 0
    mine.find("network").set("id", "id-of-nowhere")  # It stays, because it has the property.
    mine.extend(copy.deepcopy(engine.lists["vnicprofiles"][1].findall("custom_properties")))
    assert play("network=ovs_net") == 1
    assert profiles(engine)[2:] == [[["ovs_net"], ["id-of-nowhere"], [], ["extnet", "ovs_net"]]]
