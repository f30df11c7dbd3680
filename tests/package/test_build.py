# SPDX-License-Identifier: GPL-2.0-or-later
"""`make dist` and `make rpm`: the same from the same commit, or one line that says why not."""

import os

import pytest
from building import NAME, git, macros, make_rpm, plain


@pytest.fixture(scope="module")
def archive(build, version):
    """Return the source archive of origin's commit."""
    return build[0].parent / f"{NAME}-{version}.tar.gz"


def test_a_clone_gives_the_archive_and_both_packages_and_is_as_it_was(archive, release):
    names = {path.name for path in archive.parent.iterdir()}
    assert names == {archive.name, f"{NAME}-{release}.noarch.rpm", f"{NAME}-{release}.src.rpm"}
    assert git(archive.parent, "status", "--porcelain") == ""


def test_the_bytes_are_the_same_wherever_and_whoever_builds(archive, clone, tmp_path):
    (tmp_path / ".gitconfig").write_text("[core]\nautocrlf=true\n")
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


def test_the_archive_is_the_tracked_files_but_for_the_release(archive, origin, release, tmp_path):
    plain("tar", "-xf", archive, "--strip-components=1", cwd=tmp_path)
    different = plain("diff", "--recursive", "--exclude=.git", origin, tmp_path, status=1).stdout
    _, _, stated, _, stamped = different.splitlines()
    assert stated == "< Release:        1%{?dist}"
    assert stamped == f"> Release:        {release.split('-')[1][:21]}%{{?dist}}"


def test_what_is_not_committed_is_left_out_with_a_warning(clone, archive):
    folder = clone()
    (folder / "LICENSE").write_text("changed\n")
    (folder / "new").write_text("new\n")
    done = plain("make", "dist", cwd=folder)
    assert done.stderr.startswith(" M LICENSE\n?? new\nwarning: ")
    assert (folder / "build" / archive.name).read_bytes() == archive.read_bytes()


def test_a_commit_with_the_versions_tag_has_the_plain_release(clone, version):
    folder = clone()
    git(folder, "tag", version)
    release = plain("rpm", "--eval", f"{version}-1%{{?dist}}").stdout.strip()
    names = [path.name for path in make_rpm(folder)]
    assert names == [f"{NAME}-{release}.noarch.rpm", f"{NAME}-{release}.src.rpm"]


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


def test_a_hook_that_fails_the_sample_is_not_packaged(clone, archive):
    folder = clone()
    make_rpm(folder)
    (folder / "50_extnet").write_text("#!/usr/bin/python3 -IS\n")
    git(folder, "commit", "--all", "--message", "Do nothing")
    assert "(%check)" in plain("make", "rpm", cwd=folder, status=2).stderr
    assert [path.name for path in (folder / "build").iterdir()] == [archive.name]


# What the brp-mangle-shebangs of EL 8 (redhat-rpm-config 131) does: it changes the shebang of each
# file of the package whose path does not match an expression.
MANGLE = (
    "cd %%{buildroot}; find * -type f | sed s:^:/: | grep -vE '%s' | sed s:^/:: |"
    " xargs sed -i '1s:#!/usr/bin/python3:#!/usr/libexec/platform-python:'"
)


@pytest.mark.parametrize(
    ("excluded", "status"), [("%{__brp_mangle_shebangs_exclude_from}", 0), ("no such file", 1)]
)
def test_there_is_no_package_whose_hook_has_another_shebang(build, tmp_path, excluded, status):
    """The spec excludes the hook; where that has no effect, %check ends the build."""
    options = macros(_topdir=tmp_path, __os_install_post=MANGLE % excluded)
    done = plain("rpmbuild", "--nodeps", *options, "--rebuild", build[1], status=status)
    assert bool(status) == ("50_extnet differ" in done.stdout + done.stderr)
