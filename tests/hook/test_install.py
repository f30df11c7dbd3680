# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` puts one file and two links into Vdsm's hook points, `make uninstall` takes them.

That Vdsm runs them there is shown in tests/live, by the package in tests/package.
"""

import os
import stat

from commands import make
from hook import POINTS, REPOSITORY


def test_install_makes_one_file_and_two_links_also_when_done_again(tmp_path):
    for _ in range(2):
        make("install", f"DESTDIR={tmp_path}", umask=0o077)
    hooks = tmp_path / "usr/libexec/vdsm/hooks"
    file, *links = (hooks / point / "50_extnet" for point in POINTS)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o755
    assert file.read_bytes() == (REPOSITORY / "50_extnet").read_bytes()
    for link in links:
        assert os.readlink(link) == "../before_device_create/50_extnet"  # noqa: PTH115 (as it is)
    for folder in (path.parent for path in (file, *links)):
        assert list(folder.iterdir()) == [folder / "50_extnet"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_uninstall_removes_the_hook_and_nothing_else_from_the_folder_that_is_named(tmp_path):
    where = f"DESTDIR={tmp_path}", "HOOKSDIR=/hooks"
    make("install", *where)
    assert (tmp_path / "hooks/before_nic_hotplug/50_extnet").is_file()
    other = tmp_path / "hooks/before_device_create/60_other"
    other.touch()
    for _ in range(2):
        make("uninstall", *where)
        assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [other]
