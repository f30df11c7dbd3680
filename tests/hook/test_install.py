# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` puts one file and two links into Vdsm's hook points, `make uninstall` takes them.

That Vdsm runs them there is shown in tests/live, by the package in tests/package.
"""

import os
import stat

import pytest
from commands import make
from hook import POINTS, REPOSITORY


@pytest.fixture
def hooks(tmp_path):
    """Return Vdsm's hooks folder, below a root of its own, with the hook installed."""
    make("install", f"DESTDIR={tmp_path}", umask=0o077)
    return tmp_path / "usr/libexec/vdsm/hooks"


def test_install_makes_one_file_and_two_links_also_when_done_again(hooks, tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    file, *links = (hooks / point / "50_extnet" for point in POINTS)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o755
    assert file.read_bytes() == (REPOSITORY / "50_extnet").read_bytes()
    for link in links:
        assert os.readlink(link) == "../before_device_create/50_extnet"  # noqa: PTH115 (as it is)
    for folder in (path.parent for path in (file, *links)):
        assert list(folder.iterdir()) == [folder / "50_extnet"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_uninstall_removes_the_hook_and_nothing_else(hooks, tmp_path):
    other = hooks / "before_device_create" / "60_other"
    other.touch()
    for _ in range(2):
        make("uninstall", f"DESTDIR={tmp_path}")
        assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [other]


def test_another_hooks_folder_can_be_named(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "HOOKSDIR=/hooks")
    assert (tmp_path / "hooks" / "before_nic_hotplug" / "50_extnet").is_file()
    make("uninstall", f"DESTDIR={tmp_path}", "HOOKSDIR=/hooks")
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]
