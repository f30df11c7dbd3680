# SPDX-License-Identifier: GPL-2.0-or-later
"""What CONTRIBUTING says of the output of the tests, asked of a copy of the repository."""

import shutil
import sys

import pytest
from commands import run
from hook import interpreters
from paths import REPOSITORY

OF_EL = "3.6", "3.9", "3.12"
FAULTS = """
import pytest

def test_that_needs_a_tool():
    pytest.skip("needs a tool")

@pytest.mark.parametrize("number", range(50))
def test_that_fails(number):
    assert number < 0
"""


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the repository with further tests, test_faults.py."""
    ignored = shutil.ignore_patterns(".git", ".venv", ".hypothesis", "build", "__pycache__")
    shutil.copytree(REPOSITORY, tmp_path / "copy", ignore=ignored)
    (tmp_path / "copy" / "tests" / "test_faults.py").write_text(FAULTS)
    return tmp_path / "copy"


def run_pytest(copy, *arguments, status=1, **environ):
    """Run pytest in a copy, with no Python but its own; return the lines of its output."""
    environ = {"PATH": "/nowhere", "PYENV_ROOT": "/nowhere", "HOME": "/nowhere", **environ}
    command = [sys.executable, "-m", "pytest", *arguments]
    return run(*command, cwd=copy, env=environ, status=status).stdout.splitlines()


def test_the_last_lines_name_what_a_test_needs_and_the_pythons_of_el_not_tried(copy):
    missing = [version for version in OF_EL if interpreters().get(version) != sys.executable]
    *_, skipped, tried, _ = run_pytest(copy, "tests/test_faults.py", "-k", "tool", status=0)
    assert skipped == "SKIPPED [1] tests/test_faults.py:5: needs a tool"
    assert tried == f"not tried: Python {', '.join(missing)}"


def test_in_ci_a_skip_fails(copy):
    shown = run_pytest(copy, "tests/test_faults.py", "-k", "tool", CI="true")
    assert any(line.startswith("skipped in CI: ") for line in shown)


def test_a_heading_or_block_that_readme_lacks_does_not_stop_the_other_tests(copy):
    (copy / "README.md").write_text("")
    run_pytest(copy, "--collect-only", "-qq", status=0)


def test_a_fault_that_fails_many_tests_fills_a_screen_or_two(copy):
    assert len(run_pytest(copy, "-n", "2", "tests/test_faults.py", status=2)) < 60
