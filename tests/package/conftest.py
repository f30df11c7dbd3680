# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the package share: a git repository, and what is built from it."""

import re

import pytest
from building import NAME, PLAIN, git, make_rpm, plain
from paths import REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Keep out of the user's home, where Debian's rpm makes a database, and out of /var/tmp."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".rpmmacros").write_text(f"%_tmppath {folder}\n")
    (folder / ".gitconfig").write_text("[user]\nname=me\nemail=me@here\n[safe]\ndirectory=*\n")
    PLAIN["HOME"] = str(folder)


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    """Return a git repository whose one commit holds the tracked files as they are now."""
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
    """Return a function that makes a fresh clone; name: of its folder; options: of git's."""

    def fresh(name="extnet", *options):
        folder = tmp_path_factory.mktemp("clone") / name
        git(folder.parent, *options, "clone", origin, folder)
        return folder

    return fresh


@pytest.fixture(scope="session")
def release(origin):
    """Return the version and release that the packages of origin's commit have to have."""
    version = re.search(r"^Version: +(.+)$", (origin / f"{NAME}.spec").read_text(), re.M)[1]
    commit = git(origin, "rev-parse", "HEAD")[:7]
    return plain("rpm", "--eval", f"{version}-1.20010909git{commit}%{{?dist}}").stdout.strip()


@pytest.fixture(scope="session")
def build(clone):
    """Return the binary and the source package of origin's commit."""
    return make_rpm(clone())


@pytest.fixture(scope="session")
def package(build):
    """Return the binary one."""
    return build[0]
