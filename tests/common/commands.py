# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command; if it fails, show everything that it printed."""

import os
import shutil
import subprocess

import pytest
from paths import REPOSITORY


def needs(*tools, path=None):
    """Skip the test, by name, if one of these commands is not installed.

    path: the folders to look in, those of PATH if None.
    """
    missing = [tool for tool in tools if not shutil.which(tool, path=path)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def run(*command, status=0, **options):
    """Run a command; return the CompletedProcess, with its output as text.

    status: the expected exit status, None for any; options: passed on to subprocess.run.
    Raises AssertionError, with the output, if the command exits with another status.
    """
    command = list(map(str, command))
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, **options}
    done = subprocess.run(command, check=False, **options)
    assert status in (None, done.returncode), (
        f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done


def make(*arguments, **options):
    """Run make in the repository, without the options of a make around it; return its output."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--silent", "--no-print-directory", *arguments]
    return run(*command, cwd=REPOSITORY, env=kept, **options).stdout
