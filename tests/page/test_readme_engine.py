# SPDX-License-Identifier: GPL-2.0-or-later
"""README's ways to make a vNIC profile, each gone for real, to a stand-in for Engine's REST API."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import readme
from commands import run
from hook import TESTS
from lxml import etree

PROPERTIES = readme.section("3. Tell Engine that vNIC profiles may carry extnet")


@pytest.fixture
def sdk():
    """Return oVirt's SDK."""
    if not importlib.util.find_spec("ovirtsdk4"):
        pytest.skip("needs ovirt-engine-sdk-python and ansible: make readme-tools")
    return importlib.import_module("ovirtsdk4")


@pytest.fixture
def engine(sdk, tmp_path, monkeypatch):  # noqa: ARG001 (the stand-in reads and writes with it)
    """Return a stand-in for Engine, whose address is in the environment as README has it."""
    (tmp_path / "ca.pem").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in "no_proxy", "NO_PROXY":
        monkeypatch.setenv(name, "127.0.0.1")
    with importlib.import_module("engine").engine() as server:
        monkeypatch.setenv("OVIRT_URL", server.url)
        monkeypatch.setenv("OVIRT_USERNAME", "admin@internal")
        monkeypatch.setenv("OVIRT_PASSWORD", "secret")
        monkeypatch.setenv("OVIRT_CAFILE", "ca.pem")
        yield server


def check(engine):
    """Assert that Engine was sent README's profile, and it alone, just as oVirt's SDK writes it."""
    (profile,) = engine.profiles.values()
    assert profile.name == "glitter"
    properties = [(each.name, each.value) for each in profile.custom_properties]
    assert properties == [("extnet", "glitter")]
    sdk = importlib.import_module("ovirtsdk4")
    (sent,) = engine.sent
    assert elements(sent) == elements(sdk.writer.Writer.write(sdk.reader.Reader.read(sent)))
    return profile


def elements(xml):
    """Return the elements of a document and what they hold, sorted, for any order will do."""
    return sorted((each.tag, (each.text or "").strip()) for each in etree.fromstring(xml).iter())


def test_curl_makes_the_profile(engine):
    commands = readme.block("shell", "<vnic_profile>").text
    # setsid: curl finds no terminal to ask for a password
    printed = run("setsid", "bash", "-euc", commands).stdout
    profile = check(engine)
    assert f'id="{profile.id}"' in printed
    assert re.search("^network=(.*)$", commands, re.M)[1] in printed


def test_the_python_snippet_makes_the_profile(engine):
    done = run(sys.executable, "-c", readme.block("python", "ovirtsdk4").text)
    assert done.stdout == "profile-0\n"
    check(engine)


def test_the_ansible_task_makes_the_profile_and_then_leaves_it(engine):
    Path("profile.yml").write_text(readme.block("yaml", "ovirt_vnic_profile").text)
    playbook = Path(sys.executable).with_name("ansible-playbook")
    assert "changed=1 " in run(playbook, "profile.yml").stdout
    check(engine)
    assert "changed=0 " in run(playbook, "profile.yml").stdout


def test_the_environment_is_what_the_examples_read():
    exported = re.findall(r"OVIRT_[A-Z]+(?==| &&)", readme.block("shell", "export OVIRT_URL").text)
    read = re.findall(r"OVIRT_[A-Z]+", readme.block("python", "ovirtsdk4").text)
    assert set(exported) == set(read)


def test_an_empty_network_filter_is_what_the_sdk_sends_for_none(sdk):
    types = sdk.types
    profile = types.VnicProfile(network_filter=types.NetworkFilter())
    sent = sdk.writer.Writer.write(profile)
    assert "<network_filter/>" in sent
    assert "<network_filter/>" in readme.codes(readme.section("An Open vSwitch bridge"))


def declared(value):
    """Return {type of device: {property: expression}} of a value of CustomDeviceProperties."""
    found = {}
    for kind, properties in re.findall(r"\{type=(\w+);prop=\{(.*?)\}\}(?:;|$)", value):
        found[kind] = dict(each.split("=", 1) for each in properties.split(";"))
    written = ";".join(
        f"{{type={kind};prop={{{';'.join(map('='.join, properties.items()))}}}}}"
        for kind, properties in found.items()
    )
    assert written == value, "no value that Engine can read"
    return found


def configured(block, folder):
    """Run a block with an engine-config that shows what a shell hands it; return the value set."""
    tool = folder / "engine-config"
    tool.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    tool.chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", block.text], env=environ, capture_output=True, text=True, check=True
    )
    option, setting, version = done.stdout.splitlines()
    assert option == "-s"
    assert re.fullmatch(r"--cver=4\.\d", version)
    key, value = setting.split("=", 1)
    assert key == "CustomDeviceProperties"
    return declared(value)


def test_declaring_the_property_keeps_those_already_there(tmp_path):
    first, second = readme.blocks("shell", "engine-config -s")
    there = declared(next(code for code in readme.codes(PROPERTIES) if code.startswith("{type=")))
    assert set(there) > {"interface"}
    new = configured(first, tmp_path)
    assert configured(second, tmp_path) == {
        **there,
        "interface": {**there["interface"], **new["interface"]},
    }


def test_engine_would_accept_the_names_of_all_networks(tmp_path):
    accepted = configured(readme.blocks("shell", "engine-config -s")[0], tmp_path)
    for network in (TESTS / "networks").glob("*.xml"):
        name = etree.parse(network).findtext("name")
        assert re.fullmatch(accepted["interface"]["extnet"], name)
