# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook uses only the standard library, and no Engine user can inject code into it."""

import shutil
import stat

from hook import ON_GLITTER, call_hook
from paths import HOOK


def test_it_is_an_executable_file_for_isolated_python():
    assert stat.S_IMODE(HOOK.stat().st_mode) == 0o755
    assert HOOK.read_text(encoding="utf-8").splitlines()[0] == "#!/usr/bin/python3 -IS"


def test_nothing_of_python_variables_or_beside_the_hook_is_loaded(tmp_path, device, python):
    """Vdsm turns custom properties into environment variables, whatever their names."""
    for name in ("posix", "re", "sys", "xml", "copy", "os", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the trap')")
    variables = {f"PYTHON{name}": str(tmp_path) for name in ("PATH", "HOME", "USERBASE", "STARTUP")}
    variables |= {"PYTHONINSPECT": "1", "PYTHONVERBOSE": "1", "PYTHONIOENCODING": "utf-16"}
    variables |= {"PYTHON_DOM": "sitecustomize"}
    script = (shutil.copy(HOOK, tmp_path),)
    done = call_hook(device, python=python, script=script, environ=variables, cwd=tmp_path)
    line = "bridge 'ovirtmgmt' -> libvirt network 'glitter' (vNIC 52:54:00:59:f5:3f)"
    assert (done, device.read_bytes()) == ((0, f"extnet: {line}\n", ""), ON_GLITTER)
