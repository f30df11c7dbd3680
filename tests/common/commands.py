# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command, and show all that it printed when it does not end as it should."""

import os
import subprocess

from paths import REPOSITORY


def run(*command, status=0, **options):
    """Run a command; return the CompletedProcess, with its output as text.

    status: what it has to exit with, None for any; options: those of subprocess.run.
    Raises AssertionError, with the output, if it exits with another status.
    """
    command = list(map(str, command))
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, **options}
    done = subprocess.run(command, check=False, **options)
    assert status in (None, done.returncode), (
        f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done


def make(*arguments, **options):
    """Run make in the repository, with no options of another make's; return what it printed."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--silent", "--no-print-directory", *arguments]
    return run(*command, cwd=REPOSITORY, env=kept, **options).stdout
