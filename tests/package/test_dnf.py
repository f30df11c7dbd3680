# SPDX-License-Identifier: GPL-2.0-or-later
"""The package on a host, from its installation to its removal, with the real dnf.

A host is a folder. dnf and rpm find their files in it, and everything that they write stays in it.
"""

import os
import shutil

import pytest
import readme
from building import NAME, PLAIN, git, macros, make_rpm, plain
from commands import needs
from paths import TESTS

CODES = readme.codes(readme.PROSE)
AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]  # in a user namespace


def dnf(host, *arguments, **options):
    """Run dnf on a host, answering yes; return the CompletedProcess."""
    here = ["--assumeyes", "--noplugins", f"--installroot={host}", "--releasever=9"]
    return plain(*AS_ROOT, "dnf", *here, *arguments, env={"HOME": f"{host}/root"}, **options)


def rpm(host, *arguments):
    """Run rpm on a host; return its output."""
    environ = {"HOME": f"{host}/root"}
    return plain(*AS_ROOT, "rpm", "--root", host, *arguments, env=environ).stdout


def installed(host, name=NAME):
    """Return the version and release of the hook, or of another package, on a host."""
    return rpm(host, "-q", "--qf", "%{VERSION}-%{RELEASE}", name)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return a host with Vdsm 4.50.7, and with a repository that also has oVirt's 4.60."""
    needs("dnf", "createrepo_c", path=PLAIN["PATH"])
    if AS_ROOT and plain(*AS_ROOT, "true", status=None).returncode:
        pytest.skip("needs root or user namespaces, because rpm fills another root only for root")
    host, repository = map(tmp_path_factory.mktemp, ("prepared", "repository"))
    for version in "4.50.7", "4.60":
        options = macros(of_vdsm=version, _topdir=repository / "build", _rpmdir=repository)
        plain("rpmbuild", *options, "-bb", TESTS / "package" / "ovirt.spec.in")
    plain("createrepo_c", repository)
    for name, text in {
        # Debian's rpm would keep its database in the user's home, inside that root.
        "root/.rpmmacros": "%_dbpath /var/lib/rpm\n",
        "etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nbest=True\n",  # the settings of EL 9
        "etc/yum.repos.d/ovirt.repo": f"[ovirt]\nname=o\nbaseurl=file://{repository}\ngpgcheck=0\n",
    }.items():
        (host / name).parent.mkdir(parents=True)
        (host / name).write_text(text)
    dnf(host, "install", "vdsm-4.50.7")
    return host


@pytest.fixture
def host(prepared, tmp_path):
    """Return a host with Vdsm 4.50.7 and no hook."""
    return shutil.copytree(prepared, tmp_path / "root", symlinks=True)


@pytest.fixture
def ours(host, package):
    """Return that host with our package in place of oVirt's."""
    dnf(host, "install", f"{NAME}-4.50.7")
    dnf(host, "install", package)
    return host


def test_it_needs_a_vdsm_of_ovirt_4_4_and_no_repository(host, package, release):
    dnf(host, "install", "--disablerepo=*", package)
    assert installed(host) == release
    dnf(host, "remove", "vdsm")
    done = dnf(host, "install", "--disablerepo=*", package, status=1)
    assert f"nothing provides vdsm >= 4.40 needed by {NAME}" in done.stderr


@pytest.mark.parametrize(
    ("command", "hook", "vdsm"),
    [
        ("dnf upgrade", "ours", "4.60-1"),
        ("dnf distro-sync", "4.60-1", "4.60-1"),
        ("dnf history undo", "4.50.7-1", "4.50.7-1"),
        (f"dnf downgrade {NAME}", "4.60-1", "4.50.7-1"),
    ],
)
def test_dnf_keeps_it_or_puts_ovirts_back_with(command, hook, vdsm, ours, release):
    assert command in CODES
    dnf(ours, *command.split()[1:], *(["last"] if "undo" in command else []))
    assert installed(ours) == hook.replace("ours", release)
    assert installed(ours, "vdsm") == vdsm
    assert rpm(ours, "--verify", NAME, "vdsm") == ""


def test_excluded_from_ovirts_repository_it_stays_until_a_downgrade(ours, release):
    (exclude,) = (code for code in CODES if code.startswith("excludepkgs="))
    with (ours / "etc/yum.repos.d/ovirt.repo").open("a") as file:
        file.write(exclude)
    dnf(ours, "distro-sync")
    assert installed(ours) == release
    (include,) = (code for code in CODES if code.startswith("--disableexcludes="))
    dnf(ours, "downgrade", include, NAME)
    assert installed(ours) == "4.60-1"


def test_a_later_commit_is_an_upgrade_and_other_bytes_of_it_need_a_reinstall(ours, clone, tmp_path):
    folder = clone()
    git(folder, "commit", "--allow-empty", "--message", "Next", date="1000086400 +0000")
    later, source = make_rpm(folder)
    assert "Upgraded:" in dnf(ours, "install", later).stdout
    plain("rpmbuild", "--nodeps", *macros(_rpmdir=tmp_path), "--rebuild", source)
    (other,) = tmp_path.glob("noarch/*.rpm")
    assert "Nothing to do." in dnf(ours, "install", other).stdout
    assert "Reinstalled:" in dnf(ours, "reinstall", other).stdout
