#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Declare the custom property extnet in oVirt's Engine, so that vNIC profiles can have it.

  declare.py                       show what is declared
  declare.py NETWORK...            let profiles choose these libvirt networks, too
  declare.py --remove NETWORK...   let profiles no longer choose these
  declare.py --remove              remove the property

Copy this program to the Engine machine and run it there as root. Or run it from elsewhere:
  ssh root@engine.example.com python3 - NETWORK... < declare.py

It runs Engine's own engine-config and changes CustomDeviceProperties at each compatibility version:
{type=interface;prop={extnet=^(glitter|ovs_net)$;...}}. The web interface makes a list of this form.
An extnet of another form, such as that of oVirt's own hook, is left alone, unless you say --replace
or remove the property. All other properties stay as they are.

It shows the old and the new value before each change. It never restarts Engine, which uses a change
only after a restart. If nothing must be changed, its last line is "Nothing to change."; in Ansible:
  changed_when: "'Nothing to change.' not in NAME.stdout"
Exit status: 0 if all is as you asked, 1 if not (one line on stderr says why), 2 for wrong usage.
"""

import argparse
import io
import os
import re
import subprocess
import sys
import warnings

KEY = "CustomDeviceProperties"
NETWORK = "[A-Za-z0-9_][A-Za-z0-9_.-]*"

# The form of what this program declares: extnet=^(a|b)$. A "." in a name is written as "\.".
NAME = r"\w(?:[\w-]|\\\.)*"
LIST = re.compile(rf"extnet=\^\(({NAME}(?:\|{NAME})*)\)\$", re.ASCII)

# Engine's syntax for a value (DevicePropertiesUtils.java): types of devices with properties, disk
# before interface and both before all others. An expression can have any character but ";".
SYNTAX = (
    r"(?P<disk>(?:\{type=disk;prop=\{PROPERTIES\}\};?)?)"
    r"(?:\{type=interface;prop=\{(?P<interface>PROPERTIES)\}\};?)?"
    r"(?:\{type=(?!disk;|interface;)\w+;prop=\{PROPERTIES\}\};?)*"
)
VALUE = re.compile(SYNTAX.replace("PROPERTIES", r"(?:\w+=[^;]*;)*(?:\w+=[^;]*)?"), re.ASCII)


def fail(why):
    """Say why in one line on stderr, and end with status 1."""
    sys.exit("declare.py: " + " ".join(why.splitlines()))


def engine_config(action, argument, *version):
    """Run engine-config and return what it prints on stdout."""
    command = ["engine-config", action, argument.encode(), *version]
    environ = dict(os.environ, LC_ALL="C.UTF-8")  # Java stores "?" for letters beyond the locale.
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        done = subprocess.run(command, env=environ, check=False, **streams)
    except OSError as error:
        fail(f"engine-config cannot be run ({error.strerror}): is this the Engine machine?")
    if done.returncode != 0:
        words = (done.stdout or done.stderr).decode().strip()  # Its errors are on stdout.
        advice = "" if os.geteuid() == 0 else " (run this program as root)"
        fail(" ".join(["engine-config", action, *version, "failed:", words]) + advice)
    return done.stdout.decode()


def read():
    """Return [(version, value), ...], the compatibility versions in order."""
    values = []
    for line in engine_config("-g", KEY).rstrip("\n").split("\n"):
        found = re.fullmatch(KEY + r": (.*) version: ([0-9]+\.[0-9]+)", line)
        if not found or not VALUE.fullmatch(found.group(1)):
            fail("engine-config -g prints something unexpected: " + line)
        values.append((found.group(2), found.group(1)))
    return sorted(values, key=lambda each: [int(number) for number in each[0].split(".")])


def write(version, value):
    """Set the value at a version, and check that Engine has it."""
    level = "--cver=" + version  # Without it, engine-config -s asks for one again and again.
    engine_config("-s", KEY + "=" + value, level)
    stored = engine_config("-g", KEY, level)
    if stored != value + "\n":
        fail(f"at {version}, engine-config has stored something else: {stored}")


def split(value):
    """Return the text before the properties of interfaces, extnet, the others, the text after.

    extnet is a list, because it may be declared twice. Engine uses the last one.
    """
    found = VALUE.fullmatch(value)
    start, end = found.span("interface")
    if start < 0:  # There is no type interface: add one that has no properties, after disk.
        disk, rest = value[: found.end("disk")].rstrip(";"), value[found.end("disk") :]
        return split(";".join(filter(None, [disk, "{type=interface;prop={}}", rest])))
    properties = value[start:end].split(";") if start < end else []
    extnets = [each for each in properties if each.startswith("extnet=")]
    others = [each for each in properties if each not in extnets]
    # Without a ";" between them, Engine would take a next type for a part of a new expression.
    return value[:start], extnets, others, re.sub(r"^\}\}(?=\{)", "}};", value[end:])


def allows(found, network):
    """Return whether a property of any form allows a network; None if Python cannot tell."""
    expression = found.partition("=")[2]
    if re.search(r"\[[^]]*(\[|&&)", expression):  # In Java, that means something else.
        return None
    try:
        return bool(re.fullmatch(expression, network))
    except (re.error, OverflowError, RecursionError):
        return None


def plan(value, asked):
    """Return the value that an old one must become; None if its extnet is to be left alone."""
    before, extnets, others, after = split(value)
    known = LIST.fullmatch(extnets[-1]) if extnets else None
    if extnets and not known and asked.networks and not asked.replace:
        return None
    networks = known.group(1).replace("\\", "").split("|") if known else []
    if not asked.remove:
        networks = list(dict.fromkeys(networks + asked.networks))
    else:
        networks = [n for n in networks if n not in asked.networks] if asked.networks else []
    new = ["extnet=^({})$".format("|".join(networks).replace(".", r"\."))] if networks else []
    # An emptied type stays: if nothing at all is declared, Engine fails with HTTP 500.
    return value if new == extnets else before + ";".join(new + others) + after


def arguments():
    """Return the command's arguments."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("declare.py", description=__doc__, formatter_class=shape)
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="name of a libvirt network")
    parser.add_argument("--remove", action="store_true", help="remove networks, or the property")
    parser.add_argument("--replace", action="store_true", help="replace an extnet of another form")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, and make none")
    asked = parser.parse_args()
    if not all(re.fullmatch(NETWORK, each) for each in asked.networks):
        parser.error("a network's name must match " + NETWORK)
    if asked.replace and (asked.remove or not asked.networks):
        parser.error("--replace needs a NETWORK, and no --remove")
    return asked


def main():
    """Show what is declared, or change it as the arguments say."""
    asked = arguments()
    # Each line is out before what it announces is done, and in UTF-8 even if the locale is another.
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8", line_buffering=True)
    warnings.simplefilter("ignore")  # Python has some for expressions that are fine in Java.
    values = read()
    if not asked.networks and not asked.remove:
        for version, value in values:
            print(f"{version}: " + (split(value)[1] or ["extnet is not declared"])[-1])
        return

    changed, refused = False, []
    for version, old in values:
        new = plan(old, asked)
        if new is None:
            extnet = split(old)[1][-1]
            print(f"{version}: left alone, as it has another form: {extnet}")
            if not all(allows(extnet, each) is (not asked.remove) for each in asked.networks):
                refused.append(version)
        elif new != old:
            changed = True
            print(f"{version} old: {old}\n{version} new: {new}")
            if not asked.dry_run:
                write(version, new)
    if changed and asked.remove:
        print("Profiles that still have a removed network go on working, but cannot be edited.")
    if not asked.remove and re.search("[.-]", "".join(asked.networks)):
        print("Because of the '.' or '-', the web interface has a text field instead of a list.")
    if changed:
        restart = "Engine uses this after: systemctl restart ovirt-engine"
        print("Nothing was changed: --dry-run" if asked.dry_run else restart)
    if refused:
        why = "allow these (see --remove)" if asked.remove else "forbid some (see --replace)"
        fail(f"at {', '.join(refused)}, extnet has another form, which may {why}")
    if not changed:
        print("Nothing to change.")


if __name__ == "__main__":
    main()
