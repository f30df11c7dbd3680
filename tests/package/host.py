# SPDX-License-Identifier: GPL-2.0-or-later
"""A host to install packages on: a scratch root that the real dnf and rpm fill."""

import os
import shutil

import pytest
from commands import run

NAME = "vdsm-hook-extnet"

# No tool but the system's, and nothing of the user's; `home` in conftest.py adds HOME.
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def plain(*command, **options):
    """Run a command as commands.run() does, with a plain environment; skip the test without it.

    env: what to add to the environment.
    """
    if not shutil.which(command[0], path=PLAIN["PATH"]):
        pytest.skip(f"needs {command[0]}")
    return run(*command, **{**options, "env": {**PLAIN, **options.get("env", {})}})


def git(folder, *arguments, date="1000000000 +0000"):
    """Run git in a folder; return what it printed. date: of a commit, on no day of a build's."""
    settings = "safe.directory=*", "init.defaultBranch=main", "user.name=me", "user.email=me@here"
    options = [word for setting in settings for word in ("-c", setting)]
    return plain("git", *options, *arguments, cwd=folder, env={"GIT_COMMITTER_DATE": date}).stdout


def macros(**values):
    """Return the options that define macros of rpm's."""
    return [word for item in values.items() for word in ("--define", "{} {}".format(*item))]


class Host:
    """A scratch root in which dnf and rpm find a host's files, and all that they write stays."""

    def __init__(self, root):
        """Take the path of the root."""
        self.root = root

    def write(self, name, text):
        """Append to a file of the host."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        with (self.root / name).open("a") as file:
            file.write(text)

    def run(self, *command, env=None, **options):
        """Run a command that acts on the root; as root, of a user namespace where we are not."""
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        environ = {"HOME": f"{self.root}/root", **(env or {})}
        return plain(*as_root, *command, env=environ, **options)

    def dnf(self, *arguments, **options):
        """Run dnf, with yes for an answer, on this host."""
        here = ["--noplugins", f"--installroot={self.root}", "--releasever=9"]
        return self.run("dnf", "--assumeyes", *here, *arguments, **options)

    def rpm(self, *arguments, **options):
        """Run rpm on this host."""
        return self.run("rpm", "--root", self.root, *arguments, **options)

    @property
    def hook(self):
        """Return the version and release of the installed hook."""
        return self.rpm("-q", "--qf", "%{VERSION}-%{RELEASE}", NAME).stdout
