# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every one of them, and every way out of it.

The other tests run the hook as Vdsm does, as a process, which nothing can look into.
"""

import contextlib
import os
import posix

import coverage
from hook import HOOK, VNIC, VNICS, expected, fixtures, load


@contextlib.contextmanager
def closed_stderr():
    """Close stderr, as a parent may have done."""
    stderr = os.dup(2)
    os.close(2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def run(hook, device, **environ):
    """Run the hook's main with the environment that it has for a device; return the status."""
    environ = {name.encode(): value for name, value in environ.items()}
    return hook.main([], {b"extnet": b"glitter", b"_hook_domxml": bytes(device), **environ})


def test_every_case_ends_as_in_a_process(device):
    hook = load()
    for kind, status in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
        for before in fixtures(kind):
            device.write_bytes(before.read_bytes())
            assert run(hook, device) == status, before
            after = expected(before) if kind == "rewritten" else before
            assert device.read_bytes() == after.read_bytes(), before


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device, monkeypatch, capfd):
    measured = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[str(HOOK)]
    )
    measured.exclude("if __name__ == .__main__.:")  # every test of the hook as a process runs it
    with measured.collect():
        hook = load()
        assert hook.main([], {}) == 0
        assert hook.main([], {b"_hook_domxml": bytes(device)}) == 0
        assert run(hook, device, extnet=b"a/b") == 2
        assert run(hook, device.parent, _hook_domxml=b"") == 2
        with closed_stderr():
            assert run(hook, device.parent / "missing") == 2
        for before in (path for kind in VNICS.iterdir() for path in fixtures(kind)):
            device.write_bytes(before.read_bytes())
            run(hook, device, vmId=b"9e5f")
        monkeypatch.setattr(posix, "rename", no_memory)
        device.write_bytes(VNIC)
        assert run(hook, device) == 2
    capfd.readouterr()
    assert measured.report(show_missing=True) == 100, capfd.readouterr().out


def no_memory(*_):
    """Fail as any call can."""
    raise MemoryError
