# SPDX-License-Identifier: GPL-2.0-or-later
"""The package on a host, from its installation to its removal, with the real dnf."""

import shutil

from hook import ON_GLITTER, POINTS, VNIC, call_hook
from host import NAME, macros, plain

HOOKS = "usr/libexec/vdsm/hooks"


def test_it_needs_vdsm_and_no_repository(host, package, release):
    host.dnf("install", "--disablerepo=*", package)
    assert host.hook == release
    host.dnf("remove", "vdsm")
    done = host.dnf("install", "--disablerepo=*", package, status=1)
    assert f"nothing provides vdsm needed by {NAME}" in done.stderr


def test_it_takes_the_place_of_ovirts(ours, release, device):
    assert ours.hook == release
    assert ours.rpm("--verify", NAME, "vdsm").stdout == ""
    for point in POINTS:
        device.write_bytes(VNIC)
        call_hook(device, script=(ours.root / HOOKS / point / "50_extnet",))
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


def test_a_downgrade_goes_back_to_ovirts_and_an_install_to_ours(ours, package, release):
    ours.dnf("downgrade", NAME)
    assert ours.hook == "4.60-1"
    assert ours.rpm("--verify", NAME, "vdsm").stdout == ""
    ours.dnf("install", package)
    assert ours.hook == release


def test_a_removal_leaves_nothing(host, package):
    find = "find", host.root / "usr", "-printf", r"%P %M %l\n"
    without = set(plain(*find).stdout.splitlines())
    host.dnf("install", f"{NAME}-4.50.7")
    host.dnf("install", package)
    assert set(plain(*find).stdout.splitlines()) > without
    host.dnf("remove", NAME)
    assert set(plain(*find).stdout.splitlines()) == without


def test_a_build_of_a_later_commit_is_an_upgrade(ours, package, newer):
    assert "Upgraded:" in ours.dnf("install", newer).stdout
    assert "Downgraded:" in ours.dnf("install", package).stdout


def test_other_bytes_of_the_same_release_need_a_reinstall(ours, build, tmp_path):
    plain("rpmbuild", "--nodeps", *macros(_topdir=tmp_path), "--rebuild", build[1])
    (other,) = tmp_path.glob("RPMS/noarch/*.rpm")
    time_of_build = "-q", "--qf", "%{BUILDTIME}", NAME
    before = ours.rpm(*time_of_build).stdout
    assert "Nothing to do." in ours.dnf("install", other).stdout
    assert ours.rpm(*time_of_build).stdout == before
    ours.dnf("reinstall", other)
    assert ours.rpm(*time_of_build).stdout != before


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
    assert "is not signed" in host.dnf("install", "--nogpgcheck", package, status=1).stderr
    assert "SIGNATURES NOT OK" in host.rpm("--checksig", signed, status=1).stdout
    assert "Public key" in host.dnf("install", signed, status=1).stderr
    host.rpm("--import", key)
    assert host.rpm("--checksig", signed).stdout == f"{signed}: digests signatures OK\n"
    host.dnf("install", signed)
    assert host.hook == release
