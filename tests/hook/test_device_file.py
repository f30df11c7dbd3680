# SPDX-License-Identifier: GPL-2.0-or-later
"""The device file: one that cannot be read is refused, and a write is whole or not at all."""

import os
import posix
import re
import resource
import signal
import stat
from pathlib import Path

import pytest
import readme
from hook import ON_GLITTER, VNIC, call_hook, load
from paths import HOOK

# The user and the group of the file; only root can give a file to others.
ANOTHER = (36, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


@pytest.mark.parametrize(("mode", "umask"), [(0o600, 0), (0o666, 0o077), (0o4755, 0o077)])
def test_the_mode_and_the_owner_are_kept(device, mode, umask, python):
    os.chown(device, *ANOTHER)
    device.chmod(mode)
    assert call_hook(device, python=python, umask=umask).status == 0
    kept = device.stat()
    assert (stat.S_IMODE(kept.st_mode), kept.st_uid, kept.st_gid) == (mode, *ANOTHER)
    assert device.read_bytes() == ON_GLITTER


def test_a_file_that_is_not_there_or_not_named_is_refused():
    for path, shown in (None, "''"), ("/gone", "'/gone'"):
        done = call_hook(path)
        assert (done.status, done.stdout) == (2, "")
        assert readme.values(done.stderr[:-1]) == [shown, "No such file or directory"]


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_disk_that_takes_no_more_is_refused(device, python, size):
    """A small file fails when it is closed, a large one as it is written."""
    content = VNIC.replace(b"<source", b"<source".rjust(size))
    device.write_bytes(content)
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))}
    done = call_hook(device, python=python, **limit)
    assert done.status == 2
    assert readme.values(done.stderr[:-1]) == [f"'{device}'", "File too large"]
    assert device.read_bytes() == content
    assert list(device.parent.iterdir()) == [device]


def test_the_new_file_is_nobody_elses_under_a_name_that_nobody_can_guess(device, monkeypatch):
    made = []

    def look(descriptor, *_):
        made.append((Path(f"/dev/fd/{descriptor}").readlink(), os.fstat(descriptor).st_mode))

    monkeypatch.setattr(posix, "fchown", look)  # It has no owner yet.
    device.chmod(0o666)
    for _ in range(3):
        load().replace(bytes(device), b"new")
    assert {(path.parent, mode) for path, mode in made} == {(device.parent, stat.S_IFREG | 0o600)}
    assert all(re.fullmatch(r"\.extnet-[0-9a-f]{32}", path.name) for path, _ in made)
    assert len({path for path, _ in made}) == 3


KILLED = """
import os, signal, sys
sys.addaudithook(lambda event, _: event == "os.rename" and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_killed_before_the_rename_the_file_is_the_old_one_whole(device):
    script = "-c", KILLED + HOOK.read_text("utf-8")
    assert call_hook(device, script=script) == (-signal.SIGKILL, "", "")
    assert device.read_bytes() == VNIC
    (left,) = set(device.parent.iterdir()) - {device}
    assert left.read_bytes() == ON_GLITTER


def test_a_file_planted_under_the_new_name_is_not_written(device, monkeypatch):
    monkeypatch.setattr(posix, "urandom", bytes)
    elsewhere = device.with_name("elsewhere")
    elsewhere.write_bytes(b"untouched")
    device.with_name(f".extnet-{'00' * 16}").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        load().replace(bytes(device), b"new")
    assert (elsewhere.read_bytes(), device.read_bytes()) == (b"untouched", VNIC)
