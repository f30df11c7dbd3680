# SPDX-License-Identifier: GPL-2.0-or-later
"""The file with the device XML, and what else can fail: one line says what, with status 2."""

import resource

import pytest
import readme
from hook import ON_GLITTER, VNIC, call_hook
from paths import HOOK


def test_the_file_is_rewritten_in_place(device, python):
    same = device.with_name("same")
    same.hardlink_to(device)
    device.write_bytes(VNIC.replace(b"<source", b"<source".rjust(1000)))
    assert call_hook(device, python=python).status == 0
    assert same.read_bytes() == ON_GLITTER.replace(b"<source", b"<source".rjust(1000))


def refused(done):
    """Return what a refusal has in place of each … in README's words."""
    assert (done.status, done.stdout) == (2, "")
    return readme.refusal(done.stderr.removesuffix("\n"))[1]


def test_a_file_that_is_not_there_is_refused_and_not_created(tmp_path, python):
    gone = tmp_path / "gone"
    assert refused(call_hook(gone, python=python)) == [f"'{gone}'", "No such file or directory"]
    assert not gone.exists()


def test_a_call_without_a_file_is_refused(python):
    done = call_hook(None, python=python)
    assert refused(done) == []
    assert done.stderr.endswith("--help (a device, libvirt network 'glitter')\n")


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_disk_that_is_full_is_refused(device, python, size):
    """A small file fails when it is closed, a large one as it is written."""
    device.write_bytes(VNIC.replace(b"<source", b"<source".rjust(size)))
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))}
    done = call_hook(device, python=python, **limit)
    assert refused(done) == [f"'{device}'", "File too large"]
    assert done.stderr.endswith(" (vNIC 52:54:00:59:f5:3f, libvirt network 'glitter')\n")


BROKEN_PYTHON = """
import sys
class Broken:
    def find_spec(self, *_):
        raise {error}
sys.meta_path.insert(0, Broken())
"""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ImportError('no\\\\nsegment')", r"ImportError: no\nsegment"),
        ("OSError(5, 'I/O')", "OSError: [Errno 5] I/O"),  # not one of the device's file
        ("MemoryError", "MemoryError"),
    ],
)
def test_a_python_that_cannot_import_is_refused(error, said, device, python):
    script = "-c", BROKEN_PYTHON.format(error=error) + HOOK.read_text(encoding="utf-8")
    assert refused(call_hook(device, python=python, script=script)) == [said]
    assert device.read_bytes() == VNIC
