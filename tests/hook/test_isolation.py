# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook is made of, and that nothing of Engine's users gets to be a part of it."""

import ast
import stat
import subprocess

import pytest
import vdsm
from hook import HOOK, ON_GLITTER, REPOSITORY, VNIC, deploy, interpreters, run


def test_the_first_line_shuts_out_the_environment_the_folder_and_site_packages():
    assert HOOK.read_text(encoding="utf-8").splitlines()[0] == "#!/usr/bin/python3 -IS"


def test_it_is_one_executable_file_that_reads_in_two_minutes():
    assert stat.S_IMODE((REPOSITORY / "50_extnet").stat().st_mode) == 0o755
    assert len(HOOK.read_text(encoding="utf-8").splitlines()) <= 200


def test_it_imports_the_standard_library_only():
    tree = ast.parse(HOOK.read_text(encoding="utf-8"))
    plain = {name.name for n in ast.walk(tree) if isinstance(n, ast.Import) for name in n.names}
    parts = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert plain | parts == {"_signal", "posix", "re", "sys", "xml.dom", "xml.parsers.expat"}


@pytest.fixture
def trap(tmp_path):
    """Return a folder full of modules that tell when they are imported."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in ("posix", "re", "sys", "xml", "copy", "os", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} of the trap')")
    return folder


def test_nothing_of_python_variables_or_the_working_directory_is_loaded(
    trap, tmp_path, python, device
):
    """Vdsm makes environment variables of custom properties, whatever their names."""
    point = deploy(tmp_path / "point", python)
    environ = {
        "extnet": "glitter",
        "_hook_domxml": str(device),
        "PYTHONPATH": str(trap),
        "PYTHONHOME": str(trap),
        "PYTHONSTARTUP": str(trap / "os.py"),
        "PYTHONUSERBASE": str(trap),
        "PYTHONINSPECT": "1",
        "PYTHONVERBOSE": "1",
        "PYTHON_DOM": "sitecustomize",
        "PYTHONIOENCODING": "utf-16",
    }
    hook = point / "50_extnet"
    done = subprocess.run([hook], cwd=trap, env=environ, capture_output=True, check=False)
    line = b"extnet: vNIC 52:54:00:59:f5:3f: bridge 'ovirtmgmt' -> network 'glitter'\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", line)
    assert device.read_bytes() == ON_GLITTER


def test_nothing_beside_the_hook_is_loaded(trap, python):
    deploy(trap, python)
    assert vdsm.run_hooks(trap, VNIC, {"extnet": "glitter"})[0] == ON_GLITTER


@pytest.mark.parametrize("depth", [100, 100_000])
def test_no_depth_of_nesting_ends_in_a_traceback(depth, tmp_path, python):
    device = tmp_path / "vnic.xml"
    nested = b"<a>" * depth + b"</a>" * depth
    device.write_bytes(VNIC.replace(b"<source", nested + b"<source"))
    done = run(device, python=python)
    assert done.status == (0 if depth == 100 else 2)
    assert len(done.stderr.splitlines()) == 1


def test_the_pythons_of_every_supported_system_are_tried():
    """EL 8 has 3.6, EL 9 has 3.9, EL 10 and Fedora have 3.12 and later."""
    missing = {"3.6", "3.9", "3.12", "3.13"} - set(interpreters())
    if missing:
        pytest.skip(f"not on this machine: Python {', '.join(sorted(missing))}")
