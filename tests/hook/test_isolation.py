# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook is made of, and that nothing of Engine's users gets to be a part of it."""

import shutil
import stat

import pytest
from hook import HOOK, ON_GLITTER, REPOSITORY, call_hook, interpreters


def test_it_is_one_executable_file_that_reads_in_two_minutes():
    assert stat.S_IMODE((REPOSITORY / "50_extnet").stat().st_mode) == 0o755
    lines = HOOK.read_text(encoding="utf-8").splitlines()
    assert (lines[0], len(lines) <= 200) == ("#!/usr/bin/python3 -IS", True)


def test_nothing_of_python_variables_or_beside_the_hook_is_loaded(tmp_path, device, python):
    """Vdsm makes environment variables of custom properties, whatever their names."""
    for name in ("posix", "re", "sys", "xml", "copy", "os", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the trap')")
    variables = {f"PYTHON{name}": str(tmp_path) for name in ("PATH", "HOME", "USERBASE", "STARTUP")}
    variables |= {"PYTHONINSPECT": "1", "PYTHONVERBOSE": "1", "PYTHONIOENCODING": "utf-16"}
    variables |= {"PYTHON_DOM": "sitecustomize"}
    script = (shutil.copy(HOOK, tmp_path),)
    done = call_hook(device, python=python, script=script, environ=variables, cwd=tmp_path)
    line = "extnet: vNIC 52:54:00:59:f5:3f: bridge 'ovirtmgmt' -> network 'glitter'\n"
    assert (done, device.read_bytes()) == ((0, line, ""), ON_GLITTER)


def test_the_pythons_of_every_supported_system_are_tried():
    """EL 8 has 3.6, EL 9 has 3.9, EL 10 and Fedora have 3.12 and later."""
    missing = {"3.6", "3.9", "3.12", "3.13"} - set(interpreters())
    if missing:
        pytest.skip(f"not on this machine: Python {', '.join(sorted(missing))}")
