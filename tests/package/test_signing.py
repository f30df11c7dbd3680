# SPDX-License-Identifier: GPL-2.0-or-later
"""Signing the package, for who wants that, with a throw-away key."""

import shutil

from host import macros, plain


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
