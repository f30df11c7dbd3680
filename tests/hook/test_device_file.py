# SPDX-License-Identifier: GPL-2.0-or-later
"""The device file: one that cannot be read is refused, and a write is whole or not at all.

What takes root (mounts, running as user vdsm) is skipped without it; CI has root.
"""

import errno
import io
import os
import posix
import resource
import signal
import stat
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest
import readme
from hook import HOOK, ON_GLITTER, VNIC, call_hook, load

CODE = HOOK.read_text(encoding="utf-8")
VDSM = 36  # the uid of user vdsm and the gid of group kvm on every oVirt host
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def mounted(folder):
    """Return a folder with a file system of its own, gone with the test."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def run_as_vdsm(path):
    """Run the hook as user vdsm; with the system's Python and from a place that user can read."""
    if not Path("/usr/bin/python3").exists():
        pytest.skip("needs /usr/bin/python3, as pyenv's are for their owner only")
    as_vdsm = {"user": VDSM, "group": VDSM, "extra_groups": [], "cwd": path.parent}
    return call_hook(path, python="/usr/bin/python3", script=("-c", CODE), **as_vdsm)


def assert_refused(done, why, device, content=VNIC):
    """Assert a refusal for a reason, with the device file as it was and nothing beside it."""
    assert done.status == 2
    assert f"'{device}' cannot be read or replaced ({why}): " in done.stderr
    readme.refusal(done.stderr.removesuffix("\n"))
    assert device.read_bytes() == content
    assert list(device.parent.iterdir()) == [device]


@pytest.mark.parametrize(("mode", "umask"), [(0o600, 0), (0o666, 0o077), (0o4755, 0o077)])
def test_the_mode_is_kept(device, mode, umask, python):
    device.chmod(mode)
    assert call_hook(device, python=python, umask=umask).status == 0
    assert stat.S_IMODE(device.stat().st_mode) == mode
    assert device.read_bytes() == ON_GLITTER


@needs_root
def test_the_owner_is_kept(device, python):
    os.chown(device, VDSM, NOBODY)
    assert call_hook(device, python=python).status == 0
    assert (device.stat().st_uid, device.stat().st_gid) == (VDSM, NOBODY)


@needs_root
def test_user_vdsm_can_do_it_in_a_sticky_folder(folder, device):
    os.chown(device, VDSM, VDSM)
    assert run_as_vdsm(device).status == 0
    assert device.read_bytes() == ON_GLITTER
    assert (device.stat().st_uid, device.stat().st_gid) == (VDSM, VDSM)
    assert list(folder.iterdir()) == [device]


@needs_root
@pytest.mark.parametrize(
    ("owner", "mode", "of_folder", "why"),
    [
        (0, 0o600, 0o1777, "Permission denied"),  # to read it
        (0, 0o644, 0o1777, "Operation not permitted"),  # to give a new one to its owner
        (VDSM, 0o600, 0o755, "Permission denied"),  # to write beside it
    ],
)
def test_what_user_vdsm_may_not_do_is_refused(folder, device, owner, mode, of_folder, why):
    os.chown(device, owner, owner)
    device.chmod(mode)
    folder.chmod(of_folder)
    assert_refused(run_as_vdsm(device), why, device)


@needs_root
@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("size=64k", "No space left on device"),
        ("nr_inodes=2", "No space left on device"),
        ("ro", "Read-only file system"),
    ],
)
def test_a_file_system_that_takes_no_more_is_refused(mounted, python, option, why):
    content = VNIC + b"<!--" + b"x" * 40000 + b"-->"
    device = mounted / "vnic.xml"
    device.write_bytes(content)
    subprocess.run(["mount", "-o", f"remount,{option}", mounted], check=True)
    assert_refused(call_hook(device, python=python), why, device, content)


def test_a_file_that_is_not_there_or_not_named_is_refused():
    for path, shown in (None, ""), ("/gone", "/gone"):
        done = call_hook(path)
        why = f"'{shown}' cannot be read or replaced (No such file or directory): "
        assert (done.status, why in done.stderr) == (2, True)


def test_a_file_size_limit_is_refused(device, python):
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))}
    assert_refused(call_hook(device, python=python, **limit), "File too large", device)


def test_the_new_file_is_beside_the_old_under_a_name_that_nobody_can_guess(device, monkeypatch):
    names = set()
    monkeypatch.setattr(posix, "rename", lambda new, _: names.add(Path(os.fsdecode(new))))
    for _ in range(3):
        load().replace(bytes(device), b"new")
    assert {(name.parent, len(name.name)) for name in names} == {(device.parent, 40)}
    assert len(names) == 3


def test_a_file_planted_under_the_new_name_is_not_written(folder, device, monkeypatch):
    monkeypatch.setattr(posix, "urandom", bytes)
    elsewhere = folder / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    (folder / f".extnet-{'00' * 16}").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        load().replace(bytes(device), b"new")
    assert elsewhere.read_bytes() == b"untouched"
    assert device.read_bytes() == VNIC
    assert len(list(folder.iterdir())) == 3


def test_the_new_file_is_nobody_elses_to_read_before_it_has_its_owner(device, monkeypatch):
    modes = []
    monkeypatch.setattr(posix, "fchown", lambda file, *_: modes.append(os.fstat(file).st_mode))
    device.chmod(0o666)
    load().replace(bytes(device), b"new")
    assert modes == [stat.S_IFREG | 0o600]


def test_a_disk_that_tells_only_at_the_end_that_it_is_full_is_refused(folder, device, monkeypatch):
    """So do NFS, FUSE and quotas, of which none can be had here."""

    class Full(io.FileIO):
        def close(self):
            super().close()
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    extnet = load()
    monkeypatch.setattr(extnet, "open", Full, raising=False)
    with pytest.raises(OSError, match="quota"):
        extnet.replace(bytes(device), b"new")
    assert device.read_bytes() == VNIC
    assert list(folder.iterdir()) == [device]


@pytest.mark.parametrize("at", ["fchown", "fchmod", "rename"])
def test_a_failure_leaves_nothing_beside_the_device(folder, device, monkeypatch, at):
    monkeypatch.setattr(posix, at, Mock(side_effect=MemoryError))
    with pytest.raises(MemoryError):
        load().replace(bytes(device), b"new")
    assert list(folder.iterdir()) == [device]
    assert device.read_bytes() == VNIC


KILLED = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.addaudithook(lambda event, _: event == "os.rename" and os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.parametrize("size", [50, 5000], ids=["as it writes", "before the rename"])
def test_killed_midway_the_file_is_the_old_document_whole(folder, device, size):
    done = call_hook(device, script=("-c", KILLED.format(size=size) + CODE))
    assert done == (-signal.SIGXFSZ if size == 50 else -signal.SIGKILL, "", "")
    assert device.read_bytes() == VNIC
    (left,) = set(folder.iterdir()) - {device}
    assert left.read_bytes() == ON_GLITTER[:size]
