# SPDX-License-Identifier: GPL-2.0-or-later
"""How to build the packages: in clones of a git repository, with the system's own tools."""

from commands import needs, run

NAME = "vdsm-hook-extnet"

# Only the system's tools and no settings of the user. The fixture `home` adds HOME.
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def plain(*command, **options):
    """Run a command as commands.run() does, in a plain environment; skip the test if it is missing.

    env: variables to add to the environment.
    """
    needs(command[0], path=PLAIN["PATH"])
    return run(*command, **{**options, "env": {**PLAIN, **options.get("env", {})}})


def git(folder, *arguments, date="1000000000 +0000"):
    """Run git in a folder; return its output. date: that of a commit, long before any build."""
    return plain("git", *arguments, cwd=folder, env={"GIT_COMMITTER_DATE": date}).stdout


def macros(**values):
    """Return the options of rpmbuild that define these macros."""
    return [word for item in values.items() for word in ("--define", "{} {}".format(*item))]


def make_rpm(folder):
    """Run `make rpm` in a clone; return the binary and the source package."""
    plain("rpmbuild", "--version")
    plain("make", "rpm", cwd=folder)
    return sorted((folder / "build").glob("*.rpm"))
