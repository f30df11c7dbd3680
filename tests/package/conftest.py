# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the package share: a git repository, what is built from it, hosts for that."""

import os
import re
import shutil

import pytest
from hook import REPOSITORY, TESTS
from host import NAME, PLAIN, Host, git, macros, plain


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Keep out of the user's home, where Debian's rpm makes a database, and out of /var/tmp."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".rpmmacros").write_text(f"%_tmppath {folder}\n")
    PLAIN["HOME"] = str(folder)


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    """Return a git repository whose one commit, signed, holds the tracked files as they are now."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("needs a git clone")
    folder = tmp_path_factory.mktemp("origin")
    names = git(REPOSITORY, "ls-files", "-z").split("\0")
    names = [name for name in names if (REPOSITORY / name).is_file()]
    plain("cp", "--parents", *names, folder, cwd=REPOSITORY)
    git(folder, "init")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--message", "All")
    # A signature, for `git log` to complain of where that is to show them.
    gpgsig = "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n"
    commit = git(folder, "cat-file", "commit", "HEAD").replace("\n\n", gpgsig)
    (folder / ".git" / "signed").write_text(commit)
    signed = git(folder, "hash-object", "-t", "commit", "-w", ".git/signed")
    git(folder, "update-ref", "HEAD", signed.strip())
    return folder


@pytest.fixture(scope="session")
def clone(origin, tmp_path_factory):
    """Return a function that makes a fresh clone; name: of its folder; options: of git's."""

    def fresh(name="extnet", *options):
        folder = tmp_path_factory.mktemp("clone") / name
        git(folder.parent, *options, "clone", origin, folder)
        return folder

    return fresh


def make_rpm(folder):
    """Run `make rpm` in a clone; return the binary and the source package."""
    plain("rpmbuild", "--version")
    plain("make", "rpm", cwd=folder)
    return sorted((folder / "build").glob("*.rpm"))


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
def newer(clone):
    """Return the binary package of a commit of the next day."""
    folder = clone()
    git(folder, "commit", "--allow-empty", "--message", "Next", date="1000086400 +0000")
    return make_rpm(folder)[0]


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
    """Return a host with Vdsm 4.50.7, to copy."""
    host = Host(tmp_path_factory.mktemp("prepared") / "root")
    # Debian's rpm would have its database in the user's home, inside of the root.
    host.write("root/.rpmmacros", "%_dbpath /var/lib/rpm\n")
    host.write("etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nbest=True\n")  # as EL 9 has it
    where = f"[ovirt]\nname=oVirt\nbaseurl=file://{repository}\ngpgcheck=0\n"
    host.write("etc/yum.repos.d/ovirt.repo", where)
    host.dnf("install", "vdsm-4.50.7")
    return host


@pytest.fixture
def host(prepared, tmp_path):
    """Return a host with Vdsm 4.50.7 and no hook."""
    return Host(shutil.copytree(prepared.root, tmp_path / "root", symlinks=True))


@pytest.fixture
def ours(host, package):
    """Return that host with our package in the place of oVirt's."""
    host.dnf("install", f"{NAME}-4.50.7")
    host.dnf("install", package)
    return host
