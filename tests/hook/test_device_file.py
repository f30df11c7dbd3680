# SPDX-License-Identifier: GPL-2.0-or-later
"""The device file: one that cannot be read is refused, and a write is whole or not at all.

What takes root (mounts, running as user vdsm) is skipped without it; CI has root.
"""

import contextlib
import errno
import io
import os
import posix
import resource
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from hook import HOOK, ON_GLITTER, VNIC, load, run

VDSM = 36  # the uid of user vdsm and the gid of group kvm on every oVirt host
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def device(folder):
    """Return a file with a vNIC in it."""
    return put(folder / "vnic.xml", VNIC)


@pytest.fixture
def mounted(folder):
    """Return a folder with a file system of its own, gone with the test."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def put(path, content, owner=None):
    """Write a device file as Vdsm does, for its owner's eyes only, and return its path."""
    path.write_bytes(content)
    path.chmod(0o600)
    if owner is not None:
        os.chown(path, owner, owner)
    return path


def run_as_vdsm(path, folder):
    """Run the hook as user vdsm; with the system's Python and from a place that user can read."""
    if not Path("/usr/bin/python3").exists():
        pytest.skip("needs /usr/bin/python3, as pyenv's are for their owner only")
    code = HOOK.read_text(encoding="utf-8")
    as_vdsm = {"user": VDSM, "group": VDSM, "extra_groups": [], "cwd": folder}
    return run(path, python="/usr/bin/python3", script=("-c", code), **as_vdsm)


def assert_refused(done, why, device, content=VNIC):
    """Assert a refusal for a reason, with the device file as it was and nothing beside it."""
    assert done.status == 2
    assert f", because '{device}' cannot be read or replaced ({why}): " in done.stderr
    assert device.read_bytes() == content
    assert list(device.parent.iterdir()) == [device]


@needs_root
def test_a_file_that_user_vdsm_cannot_read_is_refused(device, folder):
    assert_refused(run_as_vdsm(device, folder), "Permission denied", device)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o4755])
@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_mode_is_kept(device, mode, umask, python):
    device.chmod(mode)
    assert run(device, python=python, umask=umask).status == 0
    assert stat.S_IMODE(device.stat().st_mode) == mode
    assert device.read_bytes() == ON_GLITTER


@needs_root
def test_the_owner_is_kept(device, python):
    os.chown(device, VDSM, NOBODY)
    assert run(device, python=python).status == 0
    assert (device.stat().st_uid, device.stat().st_gid) == (VDSM, NOBODY)


@needs_root
def test_user_vdsm_can_do_it_in_a_sticky_folder(folder):
    device = put(folder / "vnic.xml", VNIC, VDSM)
    assert run_as_vdsm(device, folder).status == 0
    assert device.read_bytes() == ON_GLITTER
    assert (device.stat().st_uid, device.stat().st_gid) == (VDSM, VDSM)
    assert list(folder.iterdir()) == [device]


@needs_root
def test_a_file_whose_owner_cannot_be_kept_is_refused(device, folder):
    device.chmod(0o644)
    assert_refused(run_as_vdsm(device, folder), "Operation not permitted", device)


@needs_root
def test_a_folder_that_user_vdsm_cannot_write_is_refused(folder):
    device = put(folder / "vnic.xml", VNIC, VDSM)
    folder.chmod(0o755)
    assert_refused(run_as_vdsm(device, folder), "Permission denied", device)


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
    device = put(mounted / "vnic.xml", content)
    subprocess.run(["mount", "-o", f"remount,{option}", mounted], check=True)
    assert_refused(run(device, python=python), why, device, content)


def test_a_file_size_limit_is_refused(device, python):
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))}
    assert_refused(run(device, python=python, **limit), "File too large", device)


def test_the_device_is_named_relative_to_the_working_directory(folder, device, python):
    assert run(device.name, python=python, cwd=folder).status == 0
    assert device.read_bytes() == ON_GLITTER
    assert list(folder.iterdir()) == [device]


def test_the_new_file_is_beside_the_old_under_a_name_that_nobody_can_guess(device, monkeypatch):
    names = set()
    monkeypatch.setattr(posix, "rename", lambda new, _: names.add(Path(os.fsdecode(new))))
    for _ in range(3):
        load().replace(bytes(device), b"new")
    assert {(name.parent, len(name.name)) for name in names} == {(device.parent, 40)}
    assert len(names) == 3


def test_a_file_planted_under_the_new_name_is_not_written(folder, device, monkeypatch):
    monkeypatch.setattr(posix, "urandom", bytes)
    elsewhere = put(folder / "elsewhere", b"untouched")
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
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(posix, at, fail)
    with pytest.raises(MemoryError):
        load().replace(bytes(device), b"new")
    assert list(folder.iterdir()) == [device]
    assert device.read_bytes() == VNIC


def test_too_little_memory_is_refused(folder, python):
    content = VNIC + b"<!--" + b"x" * 80_000_000 + b"-->"
    device = put(folder / "vnic.xml", content)
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (150_000_000,) * 2)}
    done = run(device, python=python, **limit)
    assert (done.status, "is out of memory" in done.stderr) == (2, True)
    assert len(done.stderr.splitlines()) == 1
    assert device.read_bytes() == content


def test_an_interrupt_after_the_rename_does_not_report_a_failure(device, python):
    """While it waits to write its line, which nobody reads yet."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, bytes(4096))
    os.set_blocking(write, True)
    environ = {"extnet": "glitter", "_hook_domxml": str(device)}
    terminal = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen([python, "-IS", HOOK], env=environ, stderr=write, **terminal) as hook:
        os.close(write)
        while device.read_bytes() == VNIC and hook.poll() is None:
            pass
        hook.send_signal(signal.SIGINT)
        with os.fdopen(read, "rb") as said:
            line = said.read().lstrip(b"\0")
    assert (hook.returncode, device.read_bytes()) == (0, ON_GLITTER)
    assert line.startswith(b"extnet: vNIC ")


def started(device, owner):
    """Start the hook, as its owner, on the device; return the process as soon as it writes."""
    environ = {"extnet": "glitter", "_hook_domxml": str(device)}
    identity = {"user": owner, "group": owner, "extra_groups": [], "cwd": device.parent}
    hook = subprocess.Popen(
        ["/usr/bin/python3", "-IS", "-c", HOOK.read_text(encoding="utf-8")],
        env=environ,
        stderr=subprocess.DEVNULL,
        **(identity if owner is not None else {}),
    )
    while len(os.listdir(device.parent)) == 1 and hook.poll() is None:  # noqa: PTH208 (it is quick)
        pass
    return hook


@needs_root
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="needs /usr/bin/python3")
@pytest.mark.parametrize("owner", [None, VDSM], ids=["root", "vdsm"])
def test_killed_at_any_moment_the_file_is_the_old_document_or_the_new_whole(owner, folder):
    bulk = b"<!--" + b"x" * 2_000_000 + b"-->"
    old, new = VNIC + bulk, ON_GLITTER + bulk
    device = folder / "vnic.xml"

    def attempt(delay):
        """Kill the hook so many seconds into its write; return the time that it was given."""
        for left in folder.iterdir():
            left.unlink()
        put(device, old, owner)
        hook = started(device, owner)
        start = time.perf_counter()
        while time.perf_counter() - start < delay and hook.poll() is None:
            pass
        hook.kill()
        hook.wait()
        return time.perf_counter() - start

    write = sorted(attempt(60) for _ in range(5))[2]
    assert device.read_bytes() == new
    seen = {}
    for moment in range(200):
        attempt(60 if moment == 199 else write * moment / 160)  # the last one to its end
        found = device.read_bytes()
        assert found in (old, new)
        seen[found == new] = seen.get(found == new, 0) + 1
    assert set(seen) == {False, True}, seen
