# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the package share: a git repository, what is built from it, hosts for that."""

import os
import re
import shutil

import pytest
from building import NAME, PLAIN, git, macros, make_rpm, plain
from hook import REPOSITORY, TESTS
from scratch_root import ScratchRoot


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Keep out of the user's home, where Debian's rpm makes a database, and out of /var/tmp."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".rpmmacros").write_text(f"%_tmppath {folder}\n")
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
    git(folder, "init")
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
def version(origin):
    """Return the version that the spec states."""
    return re.search(r"^Version: +(.+)$", (origin / f"{NAME}.spec").read_text(), re.M)[1]


@pytest.fixture(scope="session")
def release(origin, version):
    """Return the version and release that the packages of origin's commit have to have."""
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


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Return the folder of a repository with oVirt's packages, in three versions."""
    if not shutil.which("dnf"):
        pytest.skip("needs dnf")
    if os.geteuid() and plain("unshare", "--map-root-user", "true", status=None).returncode:
        pytest.skip("rpm fills a root for root only, and there are no user namespaces here")
    folder = tmp_path_factory.mktemp("repository")
    for version in "4.50.7", "4.50.8", "4.60":
        options = macros(of_vdsm=version, _topdir=folder / "build", _rpmdir=folder)
        plain("rpmbuild", *options, "-bb", TESTS / "package" / "ovirt.spec.in")
    plain("createrepo_c", folder)
    return folder


@pytest.fixture(scope="session")
def prepared(repository, tmp_path_factory):
    """Return the root folder of a host with Vdsm 4.50.7, to copy."""
    root = ScratchRoot(tmp_path_factory.mktemp("prepared") / "root")
    # Without this, Debian's rpm has its database in the user's home, inside of the root.
    root.write("root/.rpmmacros", "%_dbpath /var/lib/rpm\n")
    root.write("etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nbest=True\n")  # the settings of EL 9
    where = f"[ovirt]\nname=oVirt\nbaseurl=file://{repository}\ngpgcheck=0\n"
    root.write("etc/yum.repos.d/ovirt.repo", where)
    root.dnf("install", "vdsm-4.50.7")
    return root


@pytest.fixture
def host(prepared, tmp_path):
    """Return a host with Vdsm 4.50.7 and no hook."""
    return ScratchRoot(shutil.copytree(prepared.path, tmp_path / "root", symlinks=True))


@pytest.fixture
def ours(host, package):
    """Return that host with our package in the place of oVirt's."""
    host.dnf("install", f"{NAME}-4.50.7")
    host.dnf("install", package)
    return host
