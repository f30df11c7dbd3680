# SPDX-License-Identifier: GPL-2.0-or-later
"""The package on a host, from its installation to its removal, with the real dnf."""

import shutil

from building import NAME, git, macros, make_rpm, plain
from commands import run
from hook import ON_GLITTER, POINTS

HOOKS = "usr/libexec/vdsm/hooks"


def test_it_needs_a_vdsm_of_ovirt_4_4_and_no_repository(host, package, release):
    host.dnf("install", "--disablerepo=*", package)
    assert host.hook == release
    host.dnf("remove", "vdsm")
    done = host.dnf("install", "--disablerepo=*", package, status=1)
    assert f"nothing provides vdsm >= 4.40 needed by {NAME}" in done.stderr


def test_it_takes_the_place_of_ovirts(ours, release, device):
    assert ours.hook == release
    assert ours.rpm("--verify", NAME, "vdsm").stdout == ""
    before, environ = device.read_bytes(), {"extnet": "glitter", "_hook_domxml": str(device)}
    for point in POINTS:
        device.write_bytes(before)
        run(ours.path / HOOKS / point / "50_extnet", env=environ)
        assert device.read_bytes() == ON_GLITTER
        assert ours.rpm("-qf", "--qf", "%{NAME}", f"/{HOOKS}/{point}").stdout == "vdsm"


def test_an_upgrade_of_all_keeps_it(ours, release):
    ours.dnf("upgrade")
    assert ours.rpm("-q", "vdsm").stdout == "vdsm-4.60-1.noarch\n"
    assert ours.hook == release


def test_a_distro_sync_puts_ovirts_back_unless_that_is_excluded(ours, package, release):
    ours.dnf("distro-sync")
    assert ours.hook == "4.60-1"
    ours.dnf("install", package)
    ours.write("etc/yum.repos.d/ovirt.repo", f"excludepkgs={NAME}\n")
    ours.dnf("distro-sync")
    assert ours.hook == release
    ours.dnf("downgrade", "--disableexcludes=ovirt", NAME)
    assert ours.hook == "4.60-1"


def test_undoing_its_installation_puts_ovirts_back(ours):
    ours.dnf("history", "undo", "last")
    assert ours.hook == "4.50.7-1"


def test_a_downgrade_goes_back_to_ovirts(ours):
    ours.dnf("downgrade", NAME)
    assert ours.hook == "4.60-1"
    assert ours.rpm("--verify", NAME, "vdsm").stdout == ""


def test_a_removal_leaves_nothing(host, package):
    find = "find", host.path / "usr", "-printf", r"%P %M %l\n"
    without = set(plain(*find).stdout.splitlines())
    host.dnf("install", package)
    assert set(plain(*find).stdout.splitlines()) > without
    host.dnf("remove", NAME)
    assert set(plain(*find).stdout.splitlines()) == without


def test_a_build_of_a_later_commit_is_an_upgrade(ours, clone):
    folder = clone()
    git(folder, "commit", "--allow-empty", "--message", "Next", date="1000086400 +0000")
    assert "Upgraded:" in ours.dnf("install", make_rpm(folder)[0]).stdout


def test_other_bytes_of_the_same_release_need_a_reinstall(ours, build, tmp_path):
    plain("rpmbuild", "--nodeps", *macros(_topdir=tmp_path), "--rebuild", build[1])
    (other,) = tmp_path.glob("RPMS/noarch/*.rpm")
    assert "Nothing to do." in ours.dnf("install", other).stdout
    assert "Reinstalled:" in ours.dnf("reinstall", other).stdout


def test_a_host_that_wants_signatures_takes_the_signed_package(host, package, release, tmp_path):
    who, key, signed = "extnet@example.org", tmp_path / "key.asc", shutil.copy(package, tmp_path)
    (tmp_path / "gnupg").mkdir(0o700)
    environ = {"GNUPGHOME": str(tmp_path / "gnupg")}
    generate = ["--passphrase", "", "--quick-generate-key", who, "rsa2048", "sign", "never"]
    try:
        plain("gpg", "--batch", *generate, env=environ)
        plain("gpg", "--armor", "--output", key, "--export", who, env=environ)
        settings = macros(_gpg_name=who, __gpg=shutil.which("gpg"))  # Debian's rpm has another path
        plain("rpmsign", *settings, "--addsign", signed, env=environ)
    finally:
        plain("gpgconf", "--kill", "all", env=environ)
    host.write("root/.rpmmacros", "%_pkgverify_level all\n")
    host.dnf("install", package, status=1)
    host.rpm("--import", key)
    host.dnf("install", signed)
    assert host.hook == release
