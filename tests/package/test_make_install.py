# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` and `make uninstall`: the files of the package, without the package."""

from building import NAME, plain
from commands import make

HOOKS, DATA = "/usr/libexec/vdsm/hooks", f"/usr/share/{NAME}"
FILES = [
    "-rw-r--r-- /usr/lib/systemd/system/extnet-route@.service ",
    f"-rw-r--r-- {DATA}/glitter.xml ",
    f"-rw-r--r-- {DATA}/macvtap_net.xml ",
    f"-rw-r--r-- {DATA}/ovs_net.xml ",
    f"-rwxr-xr-x {HOOKS}/before_device_create/50_extnet ",
    f"lrwxrwxrwx {HOOKS}/before_nic_hotplug/50_extnet ../before_device_create/50_extnet",
    f"lrwxrwxrwx {HOOKS}/before_update_device/50_extnet ../before_device_create/50_extnet",
]


def files(folder):
    """Return a line for each file below a folder: its mode, its path and a link's target."""
    find = "find", folder, "!", "-type", "d", "-printf", r"%M /%P %l\n"
    return sorted(plain(*find).stdout.splitlines())


def test_install_brings_the_files_of_the_package_also_when_done_again(package, tmp_path):
    form = r"[%{FILEMODES:perms} %{FILENAMES} %{FILELINKTOS}\n]"
    packaged = plain("rpm", "-qp", "--qf", form, package).stdout.splitlines()
    shared = f"-rw-r--r-- /usr/share/{{}}/{NAME}/{{}} ".format
    further = [shared("doc", "README.md"), shared("licenses", "LICENSE")]
    assert {line for line in packaged if line[0] != "d"} == {*FILES, *further}
    for _ in range(2):
        make("install", f"DESTDIR={tmp_path}", umask=0o077)
    assert files(tmp_path) == FILES
    folders = plain("find", tmp_path / "usr", "-type", "d", "-printf", r"%m\n").stdout.split()
    assert set(folders) == {"755"}


def test_uninstall_removes_just_these_files_from_the_folders_that_are_named(tmp_path):
    names = "HOOKSDIR=/hooks", "DATADIR=/data", "UNITDIR=/units"
    make("install", f"DESTDIR={tmp_path}", *names)
    places = {line.split("/")[1] for line in files(tmp_path)}
    assert places == {"hooks", "data", "units"}
    others = {tmp_path / "data/mine.xml", tmp_path / "hooks/before_device_create/60_other"}
    for other in others:
        other.touch()
    make("uninstall", f"DESTDIR={tmp_path}", *names)
    assert {path for path in tmp_path.rglob("*") if not path.is_dir()} == others
    (tmp_path / "data/mine.xml").unlink()
    make("uninstall", f"DESTDIR={tmp_path}", *names)
    assert not (tmp_path / "data").exists()
