# SPDX-License-Identifier: GPL-2.0-or-later
"""README's steps on Engine: the property, with Engine's syntax; the profile, with a stand-in.

The stand-in for Engine's REST API reads and writes with oVirt's own SDK.
"""

import os
import re
import sys
from pathlib import Path

import pytest
import readme
from commands import run
from hook import TESTS
from lxml import etree
from werkzeug import Response

DECLARE = readme.block("shell", "engine-config -s")

# What Engine 4.5 takes as CustomDeviceProperties (its DevicePropertiesUtils.java): for each type of
# device, at most once and in this order, properties and their expressions, which have no ';'.
PROPERTIES = r"(\w+=[^;]*(;\w+=[^;]*)*;?)?"
TYPES = ["disk", "interface", "video", "graphics", "sound", "controller", "balloon", "channel"]
SYNTAX = "".join(rf"(\{{type={kind};prop=\{{{PROPERTIES}\}}\}};?)?" for kind in TYPES)

# That of an untouched Engine, 4.4.0 to 4.5.7.
GUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
UNTOUCHED = f"{{type=interface;prop={{SecurityGroups=^(?:(?:{GUID}, *)*{GUID}|)$}}}}"
DISK = "{type=disk;prop={cache=^(on|off)$}}"
VIDEO = "{type=video;prop={turbo=^[0-9]+$}}"

ENGINE_CONFIG = r"""#!/bin/sh
[ "$3" = --cver=4.7 ] || exit 1
case $1 in
-g) cat value ;;
-s) printf '%s\n' "${2#CustomDeviceProperties=}" | grep -xE "$SYNTAX" >new && mv new value ;;
esac
"""


@pytest.fixture
def engine_config(tmp_path):
    """Return a function that runs commands with an engine-config that keeps one value."""
    for name, script in ("engine-config", ENGINE_CONFIG), ("systemctl", '#!/bin/sh\necho "$@"\n'):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    value = tmp_path / "value"

    def configure(old, commands):
        value.write_text(old + "\n")
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SYNTAX": SYNTAX}
        done = run("bash", "-c", commands, cwd=tmp_path, env=environ, status=None)
        assert not done.stderr
        return value.read_text().rstrip("\n"), done.stdout

    return configure


@pytest.mark.parametrize("before", ["", DISK + ";"])
@pytest.mark.parametrize("after", ["", ";" + VIDEO])
@pytest.mark.parametrize("there", [UNTOUCHED, "{type=interface;prop={speed=^[0-9]+$}}"])
def test_declaring_the_property_keeps_what_is_there_and_can_be_undone(
    before, there, after, engine_config
):
    old = before + there + after
    assert re.fullmatch(SYNTAX, old)
    new, printed = engine_config(old, DECLARE.text)
    assert re.fullmatch(SYNTAX, new)
    assert new.replace("extnet=^(glitter|ovs_net)$;", "") == old != new
    assert printed.endswith("restart ovirt-engine\n")
    (undo,) = [code for code in readme.codes(readme.PROSE) if "$(cat Custom" in code]
    assert engine_config(new, undo)[0] == old


@pytest.mark.parametrize(("old", "start"), [("", ""), (DISK, DISK + ";")])
def test_where_no_interface_has_a_property_it_becomes_the_first(old, start, engine_config):
    new, printed = engine_config(old, DECLARE.text)
    assert re.fullmatch(SYNTAX, new)
    assert new == start + "{type=interface;prop={extnet=^(glitter|ovs_net)$}}"
    assert printed.endswith("restart ovirt-engine\n")


def test_what_engine_refuses_changes_nothing_and_does_not_restart_it(engine_config):
    new, printed = engine_config(VIDEO, DECLARE.text)  # in another order than Engine takes
    assert not re.fullmatch(SYNTAX, f"{VIDEO};{{type=interface;prop={{extnet=^(glitter)$}}}}")
    assert (new, "restart" in printed) == (VIDEO, False)


def test_each_expression_accepts_the_networks_and_the_first_makes_a_drop_down():
    found = re.findall(r"extnet=(\^[^`'};]+\$)", readme.TEXT)
    assert len(set(found)) == 2
    assert re.fullmatch(r"\^\(\w+(\|\w+)*\)\$", found[0])  # the form for which Engine makes one
    for name in "glitter", "ovs_net":
        assert etree.parse(TESTS / "networks" / f"{name}.xml").findtext("name") == name
        assert all(re.fullmatch(expression, name) for expression in found)


API = "/ovirt-engine/api"
NETWORK = '<network id="00000000-0000-0000-0000-000000000009"><name>extnet</name></network>'
CENTER = '<data_center id="5e1d"><name>Default</name></data_center>'
FIXED = {
    API: "<api/>",
    f"{API}/networks": f"<networks>{NETWORK}</networks>",
    f"{API}/datacenters": f"<data_centers>{CENTER}</data_centers>",
    f"{API}/datacenters/5e1d/networks": f"<networks>{NETWORK}</networks>",
    f"{API}/networkfilters": "<network_filters/>",
}


class Engine:
    """As much of Engine's REST API as making a vNIC profile takes, read and written by its SDK."""

    def __init__(self, sdk, server):
        """Take oVirt's SDK and a server for HTTP."""
        self.sdk, self.profiles, self.sent = sdk, {}, []
        server.expect_request(re.compile("/ovirt-engine/s.*")).respond_with_json(
            {"access_token": "t"}
        )
        for path, text in FIXED.items():
            server.expect_request(path).respond_with_data(text, content_type="application/xml")
        profiles = re.compile(f"{API}/(networks/0.*9/)?vnicprofiles(/.+)?")
        server.expect_request(profiles).respond_with_handler(self.answer)

    def answer(self, request):
        """Keep a profile, or show one or all."""
        if request.method == "POST":
            body = request.get_data(as_text=True)
            found = self.sdk.reader.Reader.read(body)
            found.id, found.network = "profile-0", self.sdk.reader.Reader.read(NETWORK)
            found.pass_through = self.sdk.types.VnicPassThrough(
                mode=self.sdk.types.VnicPassThroughMode.DISABLED
            )
            self.profiles[found.id] = found
            self.sent.append(body)
        elif request.path.endswith("vnicprofiles"):
            found = list(self.profiles.values())
        else:
            found = self.profiles[request.path.rpartition("/")[2]]
        root = "vnic_profiles" if isinstance(found, list) else None
        text = self.sdk.writer.Writer.write(found, root=root)
        return Response(text, 201 if request.method == "POST" else 200, mimetype="application/xml")

    def check(self):
        """Assert that it was sent README's profile, and it alone, just as its SDK writes it."""
        (profile,) = self.profiles.values()
        assert profile.name == "glitter"
        properties = [(each.name, each.value) for each in profile.custom_properties]
        assert properties == [("extnet", "glitter")]
        (sent,) = self.sent
        again = self.sdk.writer.Writer.write(self.sdk.reader.Reader.read(sent))
        assert elements(sent) == elements(again)


def elements(xml):
    """Return the elements of a document and what they hold, sorted, for any order will do."""
    return sorted((each.tag, (each.text or "").strip()) for each in etree.fromstring(xml).iter())


@pytest.fixture
def engine(httpserver, tmp_path, monkeypatch):
    """Return a stand-in for Engine, whose address is in the environment as README has it."""
    sdk = pytest.importorskip("ovirtsdk4", reason="needs oVirt's SDK: make readme-tools")
    (tmp_path / "ca.pem").touch()
    monkeypatch.chdir(tmp_path)
    values = {"URL": httpserver.url_for(API), "USERNAME": "admin@internal", "PASSWORD": "secret"}
    for name in re.findall(r"OVIRT_([A-Z]+)(?==| &&)", readme.block("shell", "_CAFILE=").text):
        monkeypatch.setenv(f"OVIRT_{name}", values.get(name, "ca.pem"))
    for name, value in {"HOME": tmp_path, "no_proxy": "localhost", "NO_PROXY": "localhost"}.items():
        monkeypatch.setenv(name, str(value))
    return Engine(sdk, httpserver)


def test_curl_makes_the_profile(engine):
    commands = readme.block("shell", "<vnic_profile>").text
    # setsid: curl finds no terminal to ask for a password
    printed = run("setsid", "bash", "-euc", commands).stdout
    engine.check()
    assert 'id="profile-0"' in printed
    assert re.search("^network=(.*)$", commands, re.M)[1] in printed


def test_python_makes_the_profile(engine):
    code = readme.block("python", "ovirtsdk4").text
    assert run(sys.executable, "-c", code).stdout == "profile-0\n"
    engine.check()


def test_ansible_makes_the_profile_and_then_leaves_it(engine):
    yaml = pytest.importorskip("yaml")
    (play,) = yaml.safe_load(readme.block("yaml", "ovirt_vnic_profile").text)
    del play["tasks"][:-1]  # the stand-in knows no networks to make and no hosts
    Path("engine.yml").write_text(yaml.safe_dump([play]))
    playbook = Path(sys.executable).with_name("ansible-playbook")
    assert "changed=1 " in run(playbook, "engine.yml").stdout
    engine.check()
    assert "changed=0 " in run(playbook, "engine.yml").stdout
