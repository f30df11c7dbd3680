# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` and `make uninstall`: the files of the package, without a package."""

import re

from building import plain
from commands import make


def files(folder):
    """Return what is in a folder, but for folders: lines of mode, path and a link's target."""
    find = "find", folder, "!", "-type", "d", "-printf", r"%M /%P %l\n"
    return sorted(plain(*find).stdout.splitlines())


def test_install_brings_the_files_of_the_package_also_when_done_again(package, tmp_path):
    form = r"[%{FILEMODES:perms} %{FILENAMES} %{FILELINKTOS}\n]"
    packaged = plain("rpm", "-qp", "--qf", form, package).stdout.splitlines()
    for _ in range(2):
        make("install", f"DESTDIR={tmp_path}", umask=0o077)
    expected = [line for line in packaged if not re.search("^d|/doc/|/licenses/", line)]
    assert files(tmp_path) == sorted(expected)
    folders = plain("find", tmp_path / "usr", "-type", "d", "-printf", r"%m\n").stdout.split()
    assert set(folders) == {"755"}


def test_uninstall_removes_just_these_files_from_the_folders_that_are_named(tmp_path):
    names = "HOOKSDIR=/hooks", "DATADIR=/data", "UNITDIR=/units"
    make("install", f"DESTDIR={tmp_path}", *names)
    places = {line.split("/")[1] for line in files(tmp_path)}
    assert places == {"hooks", "data", "units"}
    other = tmp_path / "hooks/before_device_create/60_other"
    other.touch()
    for _ in range(2):
        make("uninstall", f"DESTDIR={tmp_path}", *names)
        assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [other]
    assert not (tmp_path / "data").exists()
