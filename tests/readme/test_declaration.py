# SPDX-License-Identifier: GPL-2.0-or-later
"""README's commands that declare the property, with a stand-in for engine-config."""

import os

import pytest
import readme
from commands import run

DECLARE, CHANGE, UNDO = (
    readme.block("shell", words).text
    for words in ("Nothing was changed", "$networks", '$(cat "Custom')
)

# What Engine 4.5 takes as CustomDeviceProperties (its DevicePropertiesUtils.java): for each type of
# device, at most once and in this order, properties and their expressions, which have no ';'.
PROPERTIES = r"(\w+=[^;]*(;\w+=[^;]*)*;?)?"
TYPES = ["disk", "interface", "video", "graphics", "sound", "controller", "balloon", "channel"]
SYNTAX = "".join(rf"(\{{type={kind};prop=\{{{PROPERTIES}\}}\}};?)?" for kind in TYPES)

# The other properties: those of an untouched Engine, 4.4.0 to 4.5.7, and an admin's.
GUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
OTHERS = [f"SecurityGroups=^(?:(?:{GUID}, *)*{GUID}|)$", "speed=^[0-9]+$"]
INTERFACE = "{type=interface;prop={%s}}"
DISK, VIDEO = "{type=disk;prop={cache=^(on|off)$}}", "{type=video;prop={turbo=^[0-9]+$}}"
EXTNET = "extnet=^(glitter)$"  # of this form Engine's KeyValueModel.java makes a drop-down list
RESTART = "restart ovirt-engine\n"
NOTHING = "Nothing was changed: see 'extnet is declared already' in README.md\n"

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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", INTERFACE % EXTNET),
        (DISK, f"{DISK};{INTERFACE % EXTNET}"),
        *[
            (form % (INTERFACE % others), form % (INTERFACE % f"{EXTNET};{others}"))
            for form in ("%s", f"{DISK};%s", f"%s;{VIDEO}", f"{DISK};%s;{VIDEO}")
            for others in OTHERS
        ],
    ],
)
def test_the_property_is_declared_once_gets_another_network_and_is_undone(old, new, engine_config):
    assert engine_config(old, DECLARE) == (new, f"{new}\n{RESTART}")
    assert engine_config(new, DECLARE) == (new, NOTHING)
    more = new.replace("^(glitter)$", "^(glitter|ovs_net)$")
    assert engine_config(new, CHANGE) == (more, f"{more}\n{RESTART}")
    assert engine_config(more, UNDO) == (old, RESTART)


def test_what_engine_refuses_changes_nothing_and_does_not_restart_it(engine_config):
    assert engine_config(VIDEO, DECLARE) == (VIDEO, "")  # in another order than Engine takes


@pytest.mark.parametrize("expression", ["^[a-z -]+$", "^[a-z]{1,15}$", "[a-z]{1,9}", "^(a|b)$"])
@pytest.mark.parametrize("form", ["{}", f"{{}};{OTHERS[1]}", f"{OTHERS[1]};{{}}"])
def test_a_property_that_is_declared_is_not_declared_again(form, expression, engine_config):
    """With two of them Engine takes the last: its CustomPropertiesUtils.java puts them in a map."""
    old = f"{INTERFACE % form.format(f'extnet={expression}')};{VIDEO}"
    new = old.replace(expression, "^(glitter|ovs_net)$")
    assert engine_config(old, DECLARE) == (old, NOTHING)
    assert engine_config(old, CHANGE) == (new, f"{new}\n{RESTART}")
    assert engine_config(new, UNDO) == (old, RESTART)
