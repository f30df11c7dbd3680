# SPDX-License-Identifier: GPL-2.0-or-later
"""declare.py, and README's commands that run it, with a stand-in for engine-config."""

import argparse
import json
import os
import re
import runpy
import sys

import engine_config
import pytest
import readme
from commands import run
from engine_config import SECURITY_GROUPS, UNTOUCHED, properties
from hypothesis import example, given
from hypothesis import strategies as st
from paths import SHIPPED, TESTS

PROGRAM = SHIPPED / "declare.py"
FUNCTIONS = runpy.run_path(str(PROGRAM))
RESTART = "Engine uses this after: systemctl restart ovirt-engine\n"
NOTHING = "Nothing to change.\n"


class Engine:
    """An Engine machine: a folder with an engine-config and a systemctl, which is in the PATH."""

    def __init__(self, folder, python=sys.executable):
        """Install Engine, with a data center Default of version 4.8, and start it."""
        self.folder, self.python = folder, python
        engine_config.install(folder)
        (folder / "python3").symlink_to(python)
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}"}
        self.restart()

    def restart(self):
        """Let Engine use what is declared."""
        self.run("systemctl", "restart", "ovirt-engine", status=0)

    @property
    def levels(self):
        """Return {version: value}, as engine-config has it."""
        return json.loads((self.folder / "levels.json").read_text("utf-8"))

    @levels.setter
    def levels(self, levels):
        (self.folder / "levels.json").write_text(json.dumps(levels), "utf-8")

    def run(self, *command, **options):
        """Run a command on the Engine machine; return a CompletedProcess."""
        options = {"cwd": self.folder, "env": self.environ, "encoding": "utf-8", **options}
        return run(*command, **{"status": None, **options})

    def declare(self, *arguments, **options):
        """Run declare.py; return its exit status, its stdout and its stderr."""
        done = self.run(self.python, PROGRAM, *arguments, **options)
        return done.returncode, done.stdout, done.stderr

    def interpose(self, case, commands):
        """Make engine-config run shell commands first if its arguments match a pattern."""
        (self.folder / "engine-config").rename(self.folder / "real")
        script = f'case "$*" in {case}) {commands};; esac; exec ./real "$@"'
        (self.folder / "engine-config").write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / "engine-config").chmod(0o755)

    def choices(self):
        """Return what a profile of Default can have as extnet, as the web interface shows it.

        That is a list, or "text" for a text field, or None if extnet is not offered (Engine's
        KeyValueModel.java).
        """
        running = json.loads((self.folder / "running.json").read_text())["4.8"]
        extnet = properties(running)["interface"].get("extnet")
        if extnet is None or not re.fullmatch(r"\^\((\w+\|)*\w+\)\$", extnet, re.ASCII):
            return extnet and "text"
        return extnet[2:-2].split("|")


@pytest.fixture
def engine(tmp_path):
    """Return an Engine that was just installed."""
    return Engine(tmp_path)


def test_readmes_commands_declare_a_network_another_and_remove_both(engine):
    (engine.folder / "tests").symlink_to(TESTS)
    copy, declare, more, remove = (
        readme.block("shell", each).text
        for each in ("scp tests/shipped/declare", ".py glitter", ".py ovs_net", ".py --remove")
    )
    assert engine.choices() is None
    for commands, choices in [
        (f'scp() {{ cp "$1" .; }}; {copy}', None),
        (declare, ["glitter"]),
        (more, ["glitter", "ovs_net"]),
        (remove, None),
    ]:
        done = engine.run("bash", "-euc", commands, status=0)
        assert not done.stderr
        assert engine.choices() == choices
    assert engine.levels == UNTOUCHED


def test_it_says_what_is_declared_in_the_order_of_the_versions(engine):
    engine.levels = {"4.10": "", "4.9": interface("extnet=^(a)$"), "4.2": interface("extnet=b;x=y")}
    shown = "4.2: extnet=b\n4.9: extnet=^(a)$\n4.10: extnet is not declared\n"
    assert engine.declare() == (0, shown, "")


def interface(declared):
    """Return a value with these properties of interfaces."""
    return "{type=interface;prop={%s}}" % declared  # noqa: UP031


EXTNET = "extnet=^(glitter)$"
DISK, VIDEO = "{type=disk;prop={cache=^(on|off)$}}", "{type=video;prop={turbo=^[0-9]{1,15}}}"


def plan(old, arguments):
    """Return the value that declare.py plans; fail if engine-config would refuse it."""
    words = arguments.split()
    options = {each: f"--{each}" in words for each in ("remove", "replace")}
    networks = [each for each in words if each[0] != "-"]
    new = FUNCTIONS["plan"](old, argparse.Namespace(networks=networks, **options))
    assert new is None or re.fullmatch(engine_config.SYNTAX, new)
    return new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", interface(EXTNET)),
        (interface(""), interface(EXTNET)),
        (f"{interface('')};", f"{interface(EXTNET)};"),
        (DISK, f"{DISK};{interface(EXTNET)}"),
        (f"{DISK};", f"{DISK};{interface(EXTNET)}"),
        (VIDEO, f"{interface(EXTNET)};{VIDEO}"),
        (f"{DISK};{VIDEO};", f"{DISK};{interface(EXTNET)};{VIDEO};"),
        (f"{DISK}{VIDEO}", f"{DISK}{VIDEO};{interface(EXTNET)}"),  # Engine: all of it is disk.
        *[
            (form % interface(others), form % interface(f"{EXTNET};{others}"))
            for form in ("%s", "%s;", f"{DISK};%s", f"%s;{VIDEO}", f"{DISK};%s;{VIDEO};")
            for others in [
                SECURITY_GROUPS,
                "speed=^[0-9]+$;",
                "speed=^[a-z]{1,15}",
                "speed=}};colour=^(grün|{)$",
                "myextnet=^(a)$;extnet2=^(b)$",
                "empty=;empty=",
            ]
        ],
    ],
)
def test_all_that_others_declared_stays(old, new):
    assert plan(old, "glitter") == new
    assert plan(new, "glitter") == new
    emptied = new.replace(f"{EXTNET};", "").replace(EXTNET, "")
    assert emptied == old or "interface" not in old
    for arguments in "--remove glitter", "--remove":
        assert plan(new, arguments) == emptied
        assert plan(old, arguments) == old


@st.composite
def values(draw):
    """Draw a value that engine-config accepts."""
    names = st.sampled_from(["extnet", "extnet2", "myextnet", "type", "prop"])
    texts = st.text(st.one_of(st.sampled_from("{}=|"), st.characters(exclude_characters=";\n")))
    either = st.sampled_from(["", ";"])
    value = ""
    for kind in "disk", "interface", "video", "mdev":
        for declared in draw(st.lists(st.lists(st.tuples(names, texts)), max_size=1)):
            pairs = ";".join(f"{name}={text}" for name, text in declared)
            value += f"{{type={kind};prop={{{pairs}{pairs and draw(either)}}}}}{draw(either)}"
    return value


@given(values())
@example("{type=interface;prop={}}{type=mdev;prop={}}")
def test_engine_reads_all_the_rest_as_before(old):
    before = properties(old)
    others_only = "extnet" not in before.get("interface", ["extnet"])
    before.setdefault("interface", {}).pop("extnet", None)
    new = plan(old, "--replace glitter")
    after = properties(new)
    assert after["interface"].pop("extnet") == "^(glitter)$"
    assert after == before
    removed = plan(new, "--remove glitter")
    assert properties(removed) == before
    if others_only:  # Only a ";" between two types may be new.
        assert removed.replace("}};{", "}}{") == old.replace("}};{", "}}{")


@pytest.mark.parametrize(
    ("old", "arguments", "new"),
    [
        ("extnet=^(a)$", "b a c b", "extnet=^(a|b|c)$"),
        ("extnet=^(c|a)$;", "a b", "extnet=^(c|a|b)$;"),
        ("extnet=^(a|b-c)$", "d.e", r"extnet=^(a|b-c|d\.e)$"),
        (r"extnet=^(d\.e)$", "a", r"extnet=^(d\.e|a)$"),
        ("extnet=^(a)$;extnet=^(b)$", "c", "extnet=^(b|c)$"),
        ("extnet=^[a-z]+$;x=y;extnet=^(b)$", "b", "extnet=^(b)$;x=y"),
        ("x=y;extnet=^(a|b|c)$", "--remove c a d", "extnet=^(b)$;x=y"),
        (r"extnet=^(a|d\.e)$", "--remove d.e", "extnet=^(a)$"),
        ("extnet=^(a)$;extnet=^(b|c)$", "--remove b", "extnet=^(c)$"),
        ("extnet=^(a)$;extnet=^[a-z]+$;x=y", "--remove", "x=y"),
        ("x=y;extnet=(;", "--remove", "x=y;"),
        ("extnet=", "--remove", ""),
        ("extnet=^[a-z]+$", "--replace a b", "extnet=^(a|b)$"),
        ("extnet=^(a)$", "--replace b", "extnet=^(a|b)$"),
        ("x=y;extnet=^(a)$", "a", "x=y;extnet=^(a)$"),
    ],
)
def test_networks_are_added_behind_the_old_ones_and_removed(old, arguments, new):
    assert plan(interface(old), arguments) == interface(new)


ALLOW = ["^[a-zA-Z0-9_ ---]+$", "a|glitter", "^(glitte.)$", "^(a)$;extnet=^[^a]+$"]  # oVirt's first
FORBID = ["", "glitt", "^[a-f]+$", "^(a b)$", "^()$", "^(glitter)$;extnet=^(a|)$"]
# engine-config accepts broken expressions, too. Java can read those of the second line.
UNREADABLE = ["^(glitter", "(a", "[b-a]", "glitter{99999999999}", "(" * 5000 + ")" * 5000]
UNREADABLE += [r"^\p{Lower}+$", "^(?<name>glitter)$", "[a-z&&[^b]]*", "[a-z&&b]*"]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [("glitter", FORBID + UNREADABLE), ("--remove glitter", ALLOW + UNREADABLE)],
)
def test_another_form_is_left_alone_and_named(arguments, wrong, tmp_path, python):
    engine = Engine(tmp_path, python)
    forms = ALLOW + FORBID + UNREADABLE
    levels = {f"5.{n}": interface(f"extnet={form};x=y") for n, form in enumerate(forms)}
    engine.levels = levels
    status, shown, error = engine.declare(*arguments.split())
    assert shown.splitlines() == [
        f"5.{n}: left alone, as it has another form: extnet={form.rpartition('extnet=')[2]}"
        for n, form in enumerate(forms)
    ]
    assert status == 1
    where = ", ".join(f"5.{n}" for n, form in enumerate(forms) if form in wrong)
    assert error.startswith(f"declare.py: at {where}, extnet has another form, which may ")
    assert error.count("\n") == 1
    assert engine.levels == levels
    engine.levels = {each: levels[each] for each in levels if each not in where.split(", ")}
    status, shown, error = engine.declare(*arguments.split())
    assert (status, error) == (0, "")
    assert shown.endswith(NOTHING)


def test_one_left_alone_does_not_keep_the_others_from_being_changed(engine):
    levels = {"4.6": "", "4.7": interface("extnet=^[a-f]+$"), "4.8": ""}
    engine.levels = levels
    status, shown, error = engine.declare("glitter")
    assert status == 1
    assert shown.endswith(RESTART)
    assert "at 4.7, " in error
    assert engine.levels == {**levels, "4.6": interface(EXTNET), "4.8": interface(EXTNET)}


@pytest.mark.parametrize("networks", ["a-b", "a.b", "a c-"])
def test_it_tells_when_the_web_interface_will_have_no_list(networks, engine):
    engine.levels = {"4.8": ""}
    status, shown, error = engine.declare(*networks.split())
    assert (status, error) == (0, "")
    assert shown.endswith(f"a text field instead of a list.\n{RESTART}")
    engine.restart()
    assert engine.choices() == "text"


def test_it_tells_what_becomes_of_profiles_that_have_a_removed_network(engine):
    engine.levels = {"4.8": interface("extnet=^(glitter|ovs_net)$")}
    for arguments in ["--remove", "glitter"], ["--remove"]:
        shown = engine.declare(*arguments)[1]
        assert "\nProfiles that still have a removed network go on working" in shown
        assert shown.endswith(RESTART)


@pytest.mark.parametrize("arguments", ["glitter", "--remove", "--remove a"])
def test_dry_run_says_the_same_and_changes_nothing(arguments, engine):
    engine.levels = old = {"4.8": interface("extnet=^(a)$"), "4.7": interface("extnet=^(a|b)$;x=y")}
    tried = engine.declare("--dry-run", *arguments.split())
    assert engine.levels == old
    done = engine.declare(*arguments.split())
    assert tried == (0, done[1].replace(RESTART, "Nothing was changed: --dry-run\n"), "")
    assert engine.levels != old
    assert engine.declare("--dry-run", *arguments.split()) == (0, NOTHING, "")


def test_it_says_what_it_changes_before_it_does(engine):
    engine.interpose("-s*4.3*", "cp printed before")
    with (engine.folder / "printed").open("w") as printed:
        engine.declare("glitter", capture_output=False, stdout=printed)
    before = (engine.folder / "before").read_text().splitlines()
    assert [line[:8] for line in before] == ["4.2 old:", "4.2 new:", "4.3 old:", "4.3 new:"]


WRONG = ["a/b", ".a", "-a", "", "a b", "grün", "a|b", "a\n"]


@pytest.mark.parametrize("arguments", [*(["glitter", each] for each in WRONG), ["--remove", ".a"]])
def test_wrong_names_are_wrong_usage(arguments, engine):
    engine.interpose("*", "touch called")
    status, shown, error = engine.declare(*arguments)
    assert (status, shown) == (2, "")
    assert "usage: declare.py " in error
    assert not (engine.folder / "called").exists()


@pytest.mark.parametrize("arguments", ["--replace", "--replace --remove a"])
def test_replace_needs_a_network_and_no_remove(arguments, engine):
    status, shown, error = engine.declare(*arguments.split())
    assert (status, shown) == (2, "")
    assert error.endswith("--replace needs a NETWORK, and no --remove\n")


def test_help_names_the_program_even_if_it_comes_from_stdin(engine):
    shown = engine.run("python3", "-", "--help", input=PROGRAM.read_text(), stdin=None).stdout
    assert shown.startswith("usage: declare.py ")
    assert "Declare the custom property extnet" in shown


def test_from_stdin_in_locale_c_it_keeps_letters_that_are_not_ascii(tmp_path, python):
    engine = Engine(tmp_path, python)
    engine.levels = {"4.8": interface("colour=^(grün|绿)$")}
    new = interface(f"{EXTNET};colour=^(grün|绿)$")
    environ = {**engine.environ, "LC_ALL": "C"}
    command = {"input": PROGRAM.read_text(), "stdin": None, "env": environ, "status": 0}
    done = engine.run("python3", "-", "glitter", **command)
    assert done.stdout.splitlines()[1] == f"4.8 new: {new}"
    assert engine.levels == {"4.8": new}


def test_engine_config_has_nothing_to_read(engine):
    engine.levels = {"4.8": ""}
    engine.interpose("*", '[ -z "$(cat)" ] || exit 1')
    assert engine.declare("glitter", stdin=None, input="1\n")[0] == 0


SAYS = "echo Picked up JAVA_TOOL_OPTIONS: -Dcom.redhat.fips=false >&2; echo 'No, not'; echo now"


@pytest.mark.parametrize(
    ("case", "commands", "words"),
    [
        ("-s*=4.5", f"{SAYS}; exit 1", "engine-config -s --cver=4.5 failed: No, not now"),
        ("-g*=4.5", f"{SAYS}; exit 1", "engine-config -g --cver=4.5 failed: No, not now"),
        ("-s*=4.5", "echo Killed >&2; exit 137", "engine-config -s --cver=4.5 failed: Killed"),
        ("-s*=4.5", "exit 0", "at 4.5, engine-config has stored something else: {type=interf"),
        ("-s*=4.5", "rm levels.json", f"engine-config -s --cver=4.5 failed: {engine_config.AWAY}"),
    ],
)
def test_what_fails_on_the_way_ends_it_and_names_the_version(case, commands, words, engine):
    engine.interpose(case, commands)
    status, shown, error = engine.declare("glitter")
    assert status == 1
    assert error.startswith(f"declare.py: {words}")
    assert error.count("\n") == 1
    assert RESTART not in shown
    if "rm" not in commands:
        changed = [each for each, value in engine.levels.items() if EXTNET in value]
        assert sorted(changed) == ["4.2", "4.3", "4.4"] + ["4.5"] * (case[:2] == "-g")


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        (f"{SAYS}; exit 1", "engine-config -g failed: No, not now"),
        (
            "echo Please select a version:; exit 0",
            "engine-config -g prints something unexpected: P",
        ),
        ("exit 0", "engine-config -g prints something unexpected: "),
        (f"{SAYS}; exit 0", "engine-config -g prints something unexpected: No, not"),
        (
            f"echo 'CustomDeviceProperties: {VIDEO};{DISK} version: 4.8'; exit 0",
            "engine-config -g prints something unexpected: CustomDeviceProperties: {type=video",
        ),
    ],
)
def test_what_fails_at_first_changes_nothing(commands, words, engine):
    engine.interpose("-g*", commands)
    status, shown, error = engine.declare("glitter")
    assert (status, shown) == (1, "")
    assert error.startswith(f"declare.py: {words}")
    assert error.count("\n") == 1
    assert engine.levels == UNTOUCHED


@pytest.mark.parametrize(("mode", "why"), [(None, "No such file"), (0o644, "Permission denied")])
def test_without_engine_config_it_is_another_machine(mode, why, engine):
    (engine.folder / "engine-config").unlink()
    if mode:
        (engine.folder / "engine-config").touch(mode)
    status, shown, error = engine.declare("glitter", env={"PATH": str(engine.folder)})
    assert (status, shown) == (1, "")
    assert error.startswith(f"declare.py: engine-config cannot be run ({why}")
    assert error.endswith("is this the Engine machine?\n")


def test_a_user_who_is_not_root_is_told_so(engine):
    """Only root and Engine's own user can read the password of Engine's database."""
    (engine.folder / "levels.json").chmod(0)
    command = ["unshare", "--user"] if os.geteuid() == 0 else []
    done = engine.run(*command, sys.executable, PROGRAM, "glitter")
    assert done.stderr.endswith("is up and running. (run this program as root)\n")
