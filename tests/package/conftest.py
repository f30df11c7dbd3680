# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the tests of the package: a git repository, its clones and its packages."""

import re

import pytest
from building import NAME, PLAIN, git, make_rpm, plain
from paths import REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Keep out of /var/tmp and of the user's home, in which Debian's rpm creates a database."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".rpmmacros").write_text(f"%_tmppath {folder}\n")
    (folder / ".gitconfig").write_text("[user]\nname=me\nemail=me@here\n[safe]\ndirectory=*\n")
    PLAIN["HOME"] = str(folder)


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    """Return a git repository with one commit: the tracked files as they are now."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("needs a git clone")
    folder = tmp_path_factory.mktemp("origin")
    names = git(REPOSITORY, "ls-files", "-z").split("\0")
    names = [name for name in names if (REPOSITORY / name).is_file()]
    plain("cp", "--parents", *names, folder, cwd=REPOSITORY)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--message", "All")
    return folder


@pytest.fixture(scope="session")
def clone(origin, tmp_path_factory):
    """Return a function that creates a clone.

    name: the name of its folder; options: further options of git.
    """

    def fresh(name="extnet", *options):
        folder = tmp_path_factory.mktemp("clone") / name
        git(folder.parent, *options, "clone", origin, folder)
        return folder

    return fresh


@pytest.fixture(scope="session")
def release(origin):
    """Return the version and release that packages of origin's commit must have."""
    version = re.search(r"^Version: +(.+)$", (origin / f"{NAME}.spec").read_text(), re.M)[1]
    commit = git(origin, "rev-parse", "HEAD")[:7]
    return plain("rpm", "--eval", f"{version}-1.20010909git{commit}%{{?dist}}").stdout.strip()


@pytest.fixture(scope="session")
def build(clone):
    """Build origin's commit; return the binary and the source package."""
    return make_rpm(clone())


@pytest.fixture(scope="session")
def package(build):
    """Return the binary package of origin's commit."""
    return build[0]
