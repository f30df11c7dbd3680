#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Engine's command engine-config, with the words of a running Engine 4.5.7.

It keeps CustomDeviceProperties in the file levels.json in its own folder. install() puts it into
one, with a systemctl that starts Engine: running.json then has what Engine uses.
"""

import json
import os
import re
import sys
from pathlib import Path

KEY = "CustomDeviceProperties"
DEVICE = (
    r"\{type=(disk|interface|video|graphics|sound|controller|balloon|channel|redir|redirdev|console"
    r"|rng|smartcard|watchdog|hostdev|memory|tpm|mdev);prop=\{((([a-z_A-Z0-9])+)=(([^;])*)"
    r"(;(([a-z_A-Z0-9])+)=(([^;])*))*;?)?\}\}[;]?"
)
AWAY = (
    "Connection to the Database failed. Please check that the hostname and port number are correct"
    " and that the Database service is up and running."
)
TYPES = re.search(r"\((.*?)\)", DEVICE)[1]
SYNTAX = "".join(f"({DEVICE.replace(TYPES, each)})?" for each in TYPES.split("|"))

GUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
SECURITY_GROUPS = f"SecurityGroups=^(?:(?:{GUID}, *)*{GUID}|)$"
UNTOUCHED = {
    f"4.{minor}": "{type=interface;prop={%s}}" % SECURITY_GROUPS  # noqa: UP031
    for minor in (8, 7, 2, 3, 4, 5, 6)
}

SYSTEMCTL = """#!/bin/sh
cd "${0%/*}"
case "$*" in
"show --property=InvocationID ovirt-engine") echo "InvocationID=$(cat starts)" ;;
"restart ovirt-engine") echo start >> starts; cp levels.json running.json ;;
*) exit 1 ;;
esac
"""


def install(folder):
    """Put engine-config and systemctl into a folder, as of an Engine that was just installed."""
    (folder / "engine-config").symlink_to(__file__)
    (folder / "levels.json").write_text(json.dumps(UNTOUCHED))
    (folder / "systemctl").write_text(SYSTEMCTL)
    (folder / "systemctl").chmod(0o755)


def properties(value):
    """Return {type: {name: expression}}, as Engine reads a value (DevicePropertiesUtils.java)."""
    found = {}
    for device in re.finditer(DEVICE, value):
        pairs = (each.split("=", 1) for each in (device[2] or "").split(";") if each)
        found[device[1]] = dict(pairs)
    return found


def answer(levels, action, argument, version=None):
    """Do what an action asks for; return what the command prints, None for nothing.

    levels: {version: value}, which -s changes; version: "--cver=..." or None.
    Raises ValueError with the command's words if they end it with status 1.
    """
    if action == "-g" and not version:
        return "\n".join(f"{KEY}: {value} version: {each}" for each, value in levels.items())
    if not version:  # The command asks again and again, even at the end of its input.
        choices = (f"{number}. {each}" for number, each in enumerate(levels, 1))
        raise ValueError("\n".join(["Please select a version:", *choices]))
    version = version[len("--cver=") :]
    if version not in levels:
        raise ValueError(f"Error fetching {KEY} value: no such entry with version '{version}'.")
    if action == "-g":
        return levels[version]
    value = argument[len(KEY + "=") :]
    if not re.fullmatch(SYNTAX, value):
        raise ValueError(
            f"Cannot set value {value} to key {KEY}. Invalid syntax, custom device properties"
            f" specification should conform to {DEVICE}"
        )
    levels[version] = value
    return None


def main():
    """Read the levels, answer, and write the levels back; return the exit status."""
    print("Picked up JAVA_TOOL_OPTIONS: -Dcom.redhat.fips=false", file=sys.stderr)
    # Java decodes its arguments, and encodes what it prints, as the locale has it.
    charset = "utf-8" if os.environ.get("LC_ALL", "").endswith(".UTF-8") else "ascii"
    arguments = [os.fsencode(each).decode(charset, "replace") for each in sys.argv[1:]]
    path = Path(sys.argv[0]).with_name("levels.json")
    try:
        levels = json.loads(path.read_text("utf-8"))
        printed, status = answer(levels, *(each.replace("\ufffd", "?") for each in arguments)), 0
        path.write_text(json.dumps(levels), "utf-8")
    except OSError:
        printed, status = AWAY, 1
    except ValueError as error:
        printed, status = str(error), 1
    if printed is not None:
        sys.stdout.buffer.write(printed.encode(charset, "replace") + b"\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
