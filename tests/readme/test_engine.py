# SPDX-License-Identifier: GPL-2.0-or-later
"""README's commands and playbook for Engine, with stand-ins for its REST API and engine-config."""

import hashlib
import json
import re
import sys
from pathlib import Path

import engine_config
import pytest
import readme
from commands import run
from hook import POINTS
from paths import HOOK, REPOSITORY
from rest_api import DENIED, ILLEGAL, PROPERTIES, UNKNOWN, link

OURS = [(point, "50_extnet", hashlib.sha256(HOOK.read_bytes()).hexdigest()) for point in POINTS]


class Site:
    """The machine with Ansible, with README's inventory; the Engine machine is the same."""

    def __init__(self, engine, folder):
        """engine: the stand-in for the REST API; folder: an empty one, for engine-config."""
        self.engine, self.folder, self.starts = engine, folder, 0
        engine_config.install(folder)
        run(folder / "systemctl", "restart", "ovirt-engine")
        self.follow()
        engine.before = self.follow
        engine.add_host("host1.example.com", hooks=OURS)
        local = "[engine:vars]\nansible_connection=local\nansible_become=false\n"
        local += f"ansible_python_interpreter={sys.executable}\n"
        inventory = readme.block("ini", "[hypervisors]").text.replace("host2.example.com\n", "")
        Path("inventory").write_text(inventory + local)
        Path("tests").symlink_to(REPOSITORY / "tests")

    def follow(self):
        """Let the stand-in for the REST API know what it reads at a start of Engine."""
        starts = len((self.folder / "starts").read_text().splitlines())
        if starts > self.starts:
            levels = json.loads((self.folder / "running.json").read_text())
            declared = {each: engine_config.properties(levels[each]) for each in levels}
            self.engine.declared = {each: declared[each].get("interface", {}) for each in levels}
            self.engine.starting = int(self.starts > 0)  # The first request comes too early.
            self.starts = starts

    def play(self, containing, *options, status=0):
        """Play engine.yml by README's command that contains a text.

        Return its output, how many things it changed, and how often it restarted Engine.
        """
        blocks = [each.text for each in readme.blocks("shell", "engine.yml")]
        lines = [line for line in "".join(blocks).splitlines() if "engine.yml" in line]
        (command,) = (line for line in lines if f"{line}\n".endswith(containing))
        self.engine.requests.clear()
        before = self.starts
        unaware = self.folder / "unaware"
        done = run(
            "bash", "-c", f"{command} -e unaware={unaware} {' '.join(options)}", status=status
        )
        changed = sum(map(int, re.findall(r"changed=(\d+)", done.stdout)))
        self.follow()
        return done.stdout, changed, self.starts - before

    @property
    def changes(self):
        """Return the requests of the last play that change something."""
        return [each for each in self.engine.requests if not each.startswith("GET")]


@pytest.fixture
def site(engine, tmp_path_factory, monkeypatch):
    """Return a Site in which nothing has been done yet."""
    pytest.importorskip("ovirtsdk4", reason="needs oVirt's SDK: make readme-tools")
    folder = tmp_path_factory.mktemp("engine")
    for path in Path(sys.executable).parent, folder:
        monkeypatch.setenv("PATH", str(path), prepend=":")
    return Site(engine, folder)


PLAY, ANOTHER = "inventory tests/shipped/engine.yml\n", "network_filter=\n"


def test_the_playbook_sets_up_a_site_from_nothing_and_then_changes_nothing(site, engine):
    *_, restarts = site.play("--check\n")
    assert (restarts, site.changes) == (0, [])
    assert json.loads((site.folder / "levels.json").read_text()) == engine_config.UNTOUCHED
    elsewhere = engine.add_profile("nowhere", engine.management)
    said, changed, restarts = site.play(PLAY)
    assert (changed, restarts) == (7, 1), said
    assert {each["extnet"] for each in engine.declared.values()} == {"^(glitter)$"}
    nowhere = engine.find("networks", "name", "nowhere")
    assert nowhere["usages"] == {"usage": ["vm"]}
    (cluster,) = engine.lists["clusters"]
    (assigned,) = engine.lists[f"clusters/{cluster['id']}/networks"]
    assert (assigned["name"], assigned["required"]) == ("nowhere", "false")
    (glitter,) = (each for each in engine.lists["vnicprofiles"] if each != elsewhere)
    assert [each["name"] for each in (glitter, elsewhere)] == ["glitter", "nowhere"]
    assert glitter["network_filter"] == link(engine.filter)
    check = readme.block("shell", "check.py --refresh").text
    assert run("bash", "-euc", check).stdout.endswith("hosts with the network: 1 of 1\n")
    said, *again = site.play(PLAY)
    assert again == [0, 0], said
    assert site.changes == []


def test_an_interrupted_play_is_made_up_for(site, engine):
    """And -e restart=false interrupts it on purpose."""
    said, _, restarts = site.play(ANOTHER, "-e restart=false", status=2)
    assert "systemctl restart ovirt-engine on the Engine machine" in said
    assert (restarts, site.changes) == (0, [])
    *_, restarts = site.play(ANOTHER)
    assert restarts == 1
    (profile,) = engine.lists["vnicprofiles"]
    assert profile["custom_properties"]["custom_property"] == [
        {"name": "extnet", "value": "ovs_net"}
    ]
    assert "network_filter" not in profile


def test_without_a_group_engine_the_declaration_is_left_alone(site, engine):
    """Then it may be that of another compatibility version only."""
    Path("inventory").write_text("[hypervisors]\nhost1.example.com\n")
    engine.declared = {"4.8": {"speed": "^[0-9]+$"}, "4.7": {"extnet": "^(glitter)$"}}
    assert PROPERTIES % (UNKNOWN, "extnet") in site.play(PLAY, status=2)[0]
    assert json.loads((site.folder / "levels.json").read_text()) == engine_config.UNTOUCHED


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"extnet": "^(ovs_net)$"}, PROPERTIES % (ILLEGAL, "extnet")),
        ({}, "[General command validation failure.]"),
    ],
)
def test_a_profile_that_is_refused_ends_the_play(declared, words, site, engine):
    engine.add_network("nowhere", engine.center)
    engine.declared = {"4.8": declared}
    assert words in site.play(PLAY, "--start-at-task 'Create the profile'", status=2)[0]
    assert engine.lists.get("vnicprofiles") is None


OLD = "The collection ovirt.ovirt is 3.1.0, and this playbook needs 3.1.1 or later"


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [("collection", OLD), ("host", "Engine does not know host2.example.com. "), ("login", DENIED)],
)
def test_an_obstacle_is_named_before_anything_is_changed(obstacle, words, site, monkeypatch):
    if obstacle == "collection":
        (real,) = Path(sys.prefix).glob("lib/*/site-packages/ansible_collections/ovirt/ovirt")
        old = Path("old/ansible_collections/ovirt/ovirt")
        old.mkdir(parents=True)
        for part in "plugins", "meta":
            (old / part).symlink_to(real / part)
        manifest = json.loads((real / "MANIFEST.json").read_text())
        manifest["collection_info"]["version"] = "3.1.0"
        (old / "MANIFEST.json").write_text(json.dumps(manifest))
        monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(Path("old").absolute()))
    elif obstacle == "host":
        Path("inventory").write_text(Path("inventory").read_text().replace("host1", "host2"))
    else:
        monkeypatch.setenv("OVIRT_PASSWORD", "wrong")
    said, _, restarts = site.play(PLAY, status=2)
    assert words in " ".join(said.split())
    assert (restarts, site.changes) == (0, [])
    assert json.loads((site.folder / "levels.json").read_text()) == engine_config.UNTOUCHED
