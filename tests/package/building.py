# SPDX-License-Identifier: GPL-2.0-or-later
"""Build the packages, in clones of a git repository, with the system's own tools."""

import shutil

import pytest
from commands import run

NAME = "vdsm-hook-extnet"

# No tools but the system's, and no settings of the user's: the fixture `home` adds HOME.
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def plain(*command, **options):
    """Run a command as commands.run() does, in a plain environment; skip the test without it.

    env: what to add to the environment.
    """
    if not shutil.which(command[0], path=PLAIN["PATH"]):
        pytest.skip(f"needs {command[0]}")
    return run(*command, **{**options, "env": {**PLAIN, **options.get("env", {})}})


def git(folder, *arguments, date="1000000000 +0000"):
    """Run git in a folder; return what it printed. date: of a commit, long before any build."""
    return plain("git", *arguments, cwd=folder, env={"GIT_COMMITTER_DATE": date}).stdout


def macros(**values):
    """Return the options that define these macros for rpmbuild."""
    return [word for item in values.items() for word in ("--define", "{} {}".format(*item))]


def make_rpm(folder):
    """Run `make rpm` in a clone; return the binary and the source package."""
    plain("rpmbuild", "--version")
    plain("make", "rpm", cwd=folder)
    return sorted((folder / "build").glob("*.rpm"))
