# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook under test: where it is, how to run it as a process, how to load it as a module."""

import functools
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import unittest.mock
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent
HOOK = REPOSITORY / "50_extnet"
VNICS = TESTS / "vnics"
POINTS = ["before_device_create", "before_nic_hotplug", "before_update_device"]

SMALLEST = '<interface type="{0}"><mac address="52:54:00:59:f5:3f"/><source {0}="{1}"/></interface>'
VNIC = SMALLEST.format("bridge", "ovirtmgmt").encode()
ON_GLITTER = SMALLEST.format("network", "glitter").encode()


def cases(kind):
    """Return the vNICs of a folder of tests/vnics and of those in it, as the hook gets them."""
    return sorted((VNICS / kind).rglob("*-in.xml" if kind == "rewritten" else "*.xml"))


def expected(before):
    """Return the NAME-out.xml that belongs to a NAME-in.xml."""
    return before.with_name(before.name.replace("-in.xml", "-out.xml"))


class Done(NamedTuple):
    """How a run of the hook ended."""

    status: int
    stderr: str
    stdout: str


@functools.cache
def interpreters():
    """Return {"3.6": path, ...}: a Python of each version from 3.6 up, from PATH and from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [*sorted(pyenv.glob("versions/*/bin")), *map(Path, os.get_exec_path())]
    found = {}
    for python in (file for folder in folders for file in folder.glob("python3.*")):
        if re.fullmatch(r"python3\.([6-9]|\d\d+)", python.name) and python.name[6:] not in found:
            probe = [python, "-IS", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            answer = subprocess.run(probe, capture_output=True, text=True, check=False)
            if answer.stdout.strip() == python.name[6:]:  # a pyenv shim may lead nowhere
                found[python.name[6:]] = str(python)
    found.setdefault("{}.{}".format(*sys.version_info), sys.executable)
    ordered = sorted(found, key=lambda version: tuple(map(int, version.split("."))))
    return {version: found[version] for version in ordered}


def call_hook(path, extnet="glitter", python=sys.executable, flags=("-IS",), script=(), **options):
    """Run the hook as a process, with the environment that Vdsm gives it, and return a Done.

    path: of the device XML; extnet: the custom property's value, str or bytes; None for neither;
    python: the interpreter; flags: of the interpreter; script: what it runs, the hook if
    empty; environ: what is to be added to the environment; other options: of subprocess.run.
    """
    environ = {} if path is None else {b"_hook_domxml": os.fsencode(path)}
    if extnet is not None:
        environ[b"extnet"] = extnet if isinstance(extnet, bytes) else extnet.encode()
    environ.update(options.pop("environ", {}))
    options = {"capture_output": True, "check": False, **options}
    done = subprocess.run([python, *flags, *(script or [HOOK])], env=environ, **options)  # noqa: PLW1510
    return Done(done.returncode, *((end or b"").decode() for end in (done.stderr, done.stdout)))


def deploy(folder, python):
    """Copy the hook into a hook point's folder, with its first line naming another interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = HOOK.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[0] = lines[0].replace("/usr/bin/python3", python)
    copy = folder / "50_extnet"
    copy.write_text("".join(lines), encoding="utf-8")
    shutil.copymode(HOOK, copy)
    return folder


def load():
    """Return the hook as a module; raise AssertionError if that runs or ends anything."""
    loader = importlib.machinery.SourceFileLoader("extnet", str(HOOK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("extnet", loader))
    with unittest.mock.patch("posix._exit", side_effect=AssertionError("the module ends us")):
        loader.exec_module(module)
    return module
