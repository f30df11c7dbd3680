# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook under test: how to run it as a process, how to load it as a module."""

import contextlib
import functools
import importlib.machinery
import importlib.util
import os
import posix
import shutil
import subprocess
import sys
import unittest.mock
from pathlib import Path
from typing import NamedTuple

from paths import HOOK, VNICS

POINTS = ["before_device_create", "before_nic_hotplug", "before_update_device"]

SMALLEST = '<interface type="{0}"><mac address="52:54:00:59:f5:3f"/><source {0}="{1}"/></interface>'
VNIC = SMALLEST.format("bridge", "ovirtmgmt").encode()
ON_GLITTER = SMALLEST.format("network", "glitter").encode()


def cases(kind):
    """Return the vNICs of a folder of tests/vnics and of those in it, as the hook gets them."""
    return sorted((VNICS / kind).rglob("*-in.xml" if kind == "rewritten" else "*.xml"))


def expected(before):
    """Return the file that has what a case calls for: NAME-out.xml, or NAME.txt of a refusal."""
    if before.name.endswith("-in.xml"):
        return before.with_name(before.name.replace("-in.xml", "-out.xml"))
    return before.with_suffix(".txt")


class Done(NamedTuple):
    """How a run of the hook ended."""

    status: int
    stderr: str
    stdout: str


@functools.cache
def interpreters():
    """Return {"3.6": path, ...}: a Python of each version from 3.6 up, from PATH and from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    path = os.pathsep.join([*map(str, pyenv.glob("versions/*/bin")), *os.get_exec_path()])
    found = {f"3.{minor}": shutil.which(f"python3.{minor}", path=path) for minor in range(6, 40)}
    found["{}.{}".format(*sys.version_info)] = sys.executable
    return {version: python for version, python in found.items() if python}


def call_hook(path, extnet="glitter", python=sys.executable, flags=("-IS",), script=(), **options):
    """Run the hook as a process, with the environment that Vdsm gives it, and return a Done.

    path: of the device XML; extnet: the custom property's value, str or bytes; None: not set;
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


def load():
    """Return the hook as a module; raise AssertionError if that runs or ends anything."""
    loader = importlib.machinery.SourceFileLoader("extnet", str(HOOK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("extnet", loader))
    ends = unittest.mock.patch("posix._exit", side_effect=AssertionError("the module ends us"))
    with ends, unittest.mock.patch("sys.excepthook"):  # which the hook sets
        loader.exec_module(module)
    return module


class _EndedError(BaseException):
    """What a hook's posix._exit raises in call_main; no except clause of the hook catches it."""


def call_main(module, environ):
    """Call main of a hook that load() returned, in this process, and return a Done."""
    exits = unittest.mock.patch.object(posix, "_exit", side_effect=_EndedError)
    writes = unittest.mock.patch.object(posix, "write")
    with exits as exited, writes as written, contextlib.suppress(_EndedError):
        module.main([], environ)
    status = exited.call_args.args[0] if exited.called else 0
    return Done(status, b"".join(call.args[1] for call in written.call_args_list).decode(), "")
