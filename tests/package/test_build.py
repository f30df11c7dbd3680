# SPDX-License-Identifier: GPL-2.0-or-later
"""`make dist` and `make rpm`: a commit always gives the same bytes, or one line says why not."""

import os

import pytest
from building import NAME, git, macros, make_rpm, plain
from paths import TESTS


@pytest.fixture(scope="module")
def archive(build, release):
    """Return the source archive of origin's commit."""
    return build[0].parent / f"{NAME}-{release.split('-')[0]}.tar.gz"


def test_the_bytes_are_the_same_wherever_and_whoever_builds(archive, clone, tmp_path):
    (tmp_path / ".gitconfig").write_text("[core]\nautocrlf=true\n[tar]\numask=user\n")
    payload = "w19.zstdio\n"
    (tmp_path / ".rpmmacros").write_text(f"%_source_payload {payload}%_binary_payload {payload}")
    again = clone("another place", "-c", "core.autocrlf=true")
    if os.geteuid() == 0:
        plain("chown", "--recursive", "65534:65534", again)
    environ = {"HOME": str(tmp_path), "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"}
    plain("sh", "-c", "umask 077 && make rpm", cwd=again, env=environ)
    for path in archive.parent.iterdir():
        assert path.read_bytes() == (again / "build" / path.name).read_bytes(), path.name


def test_the_rpm_of_every_el_can_unpack_them_and_their_only_time_is_the_commits(build):
    form = "%{PAYLOADCOMPRESSOR} %{BUILDHOST} %{BUILDTIME}[ %{FILEMTIMES}]"
    for path in build:
        said = set(plain("rpm", "-qp", "--qf", form, path).stdout.split())
        assert said == {"gzip", "localhost", "1000000000"}


def test_what_is_not_committed_is_left_out_with_a_warning(clone, archive):
    folder = clone()
    (folder / "LICENSE").write_text("changed\n")
    (folder / "new").write_text("new\n")
    done = plain("make", "dist", cwd=folder)
    assert done.stderr.startswith(" M LICENSE\n?? new\nwarning: ")
    assert (folder / "build" / archive.name).read_bytes() == archive.read_bytes()


def test_a_commit_with_the_versions_tag_has_the_plain_release(clone, release):
    folder, version = clone(), release.split("-")[0]
    git(folder, "tag", version)
    tagged = plain("rpm", "--eval", f"{NAME}-{version}-1%{{?dist}}").stdout.strip()
    names = [path.name for path in make_rpm(folder)]
    assert names == [f"{tagged}.noarch.rpm", f"{tagged}.src.rpm"]


def test_an_unpacked_archive_is_no_clone_nor_inside_another_repository(archive, tmp_path):
    plain("tar", "-xf", archive, cwd=tmp_path)
    (folder,) = tmp_path.iterdir()
    for target in "dist", "rpm":
        (line,) = plain("make", target, cwd=folder, status=2).stderr.splitlines()
        assert f"this is not a git clone of extnet. Run rpmbuild -ta {NAME}-*.tar.gz" in line
        git(tmp_path, "init")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--allow-empty", "--message", "Another")
    assert not (folder / "build").exists()


def test_rpmbuild_makes_both_packages_of_the_archive(archive, build, tmp_path):
    plain("rpmbuild", "--nodeps", *macros(_topdir=tmp_path), "-ta", archive)
    assert {path.name for path in tmp_path.rglob("*.rpm")} == {path.name for path in build}


# What brp-mangle-shebangs of EL 8 (redhat-rpm-config 131) does: it changes the shebang of each file
# of the package whose path does not match an expression.
MANGLE = (
    "cd %{buildroot}; find * -type f | sed s:^:/: |"
    " grep -vE '%{__brp_mangle_shebangs_exclude_from}' | sed s:^/:: |"
    " xargs sed -i '1s:#!/usr/bin/python3:#!/usr/libexec/platform-python:'"
)


def test_the_hook_keeps_its_shebang_on_el_8(build, tmp_path):
    """The spec excludes the hook. Without that, %check would fail the build."""
    options = macros(_topdir=tmp_path, __os_install_post=MANGLE)
    plain("rpmbuild", "--nodeps", *options, "--rebuild", build[1])


def test_rpmlint_finds_nothing(origin, build):
    settings, linted = TESTS / "package" / "rpmlint.toml", [origin / f"{NAME}.spec", *build]
    said = plain("rpmlint", "--config", settings, *linted, status=None).stdout
    assert " 2 packages and 1 specfiles checked; 0 errors, 0 warnings, " in said, said
