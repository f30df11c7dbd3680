# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook under test: how to run it as a process, and in this process where that is too slow."""

import contextlib
import functools
import importlib.machinery
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from paths import HOOK, VNICS

POINTS = ["before_device_create", "before_nic_hotplug", "before_update_device"]

SMALLEST = '<interface type="{0}"><mac address="52:54:00:59:f5:3f"/><source {0}="{1}"/></interface>'
VNIC = SMALLEST.format("bridge", "ovirtmgmt").encode()
ON_GLITTER = SMALLEST.format("network", "glitter").encode()


def cases(kind):
    """Return the input files of a folder in tests/vnics, including its subfolders."""
    return sorted((VNICS / kind).rglob("*-in.xml" if kind == "rewritten" else "*.xml"))


def expected(before):
    """Return the file with a case's expected result: NAME-out.xml, or NAME.txt for a refusal."""
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
    bins = pyenv.glob("versions/*/bin") if os.access(pyenv, os.X_OK) else []  # not another user's
    path = os.pathsep.join([*map(str, bins), *os.get_exec_path()])
    found = {f"3.{minor}": shutil.which(f"python3.{minor}", path=path) for minor in range(6, 40)}
    found["{}.{}".format(*sys.version_info)] = sys.executable
    return {version: python for version, python in found.items() if python}


def call_hook(path, extnet="glitter", python=sys.executable, flags=("-IS",), script=(), **options):
    """Run the hook as a process, with the environment that Vdsm gives it, and return a Done.

    path: the file with the device XML, None to leave _hook_domxml unset; extnet: the value of the
    custom property (str or bytes), None to leave it unset; python, flags: the interpreter and its
    flags; script: what it runs, the hook if empty; environ: further variables; options: those of
    subprocess.run.
    """
    environ = {} if path is None else {b"_hook_domxml": os.fsencode(path)}
    if extnet is not None:
        environ[b"extnet"] = extnet if isinstance(extnet, bytes) else extnet.encode()
    environ.update(options.pop("environ", {}))
    options = {"capture_output": True, "check": False, **options}
    done = subprocess.run([python, *flags, *(script or [HOOK])], env=environ, **options)  # noqa: PLW1510
    return Done(done.returncode, *((end or b"").decode() for end in (done.stderr, done.stdout)))


def load():
    """Import the hook as a module."""
    loader = importlib.machinery.SourceFileLoader("extnet", str(HOOK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("extnet", loader))
    loader.exec_module(module)
    return module


def call_main(module, environ):
    """Call main of a hook that load() returned, in this process, and return a Done."""
    err, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        status = module.main([], environ)
    return Done(status, err.getvalue(), out.getvalue())
