# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook is made of, and that no user of Engine can get code into it."""

import shutil
import stat

from hook import ON_GLITTER, call_hook
from paths import HOOK, REPOSITORY


def test_it_is_one_executable_file_that_reads_in_two_minutes():
    assert stat.S_IMODE((REPOSITORY / "50_extnet").stat().st_mode) == 0o755
    lines = HOOK.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/python3 -IS"
    assert len(lines) <= 200, f"{len(lines)} lines: leave something out"


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
