# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every one of them, and every way out of it.

The other tests run the hook as Vdsm does, as a process, which nothing can look into.
"""

import contextlib
import os
import resource
from xml.dom import expatbuilder

import coverage
from hook import HOOK, ON_GLITTER, VNIC, VNICS, beside, fixtures, load


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


@contextlib.contextmanager
def file_size_limit(size):
    """Let no file of this process grow beyond a size."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def run(hook, device, **environ):
    """Run the hook's main with the environment that it has for a device; return the status."""
    environ = {name.encode(): value for name, value in environ.items()}
    return hook.main([], {b"extnet": b"glitter", b"_hook_domxml": bytes(device), **environ})


def test_every_fixture_ends_as_in_a_process(device, capfd):
    hook = load()
    for kind, status in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
        for before in fixtures(kind):
            files = [beside(before, ending) for ending in ("-out.xml", "-message.txt")]
            after, message = (file.read_bytes() if file.exists() else None for file in files)
            device.write_bytes(before.read_bytes())
            assert run(hook, device) == status
            assert device.read_bytes() == (before.read_bytes() if after is None else after), before
            assert capfd.readouterr().err == (message or b"").decode()


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device, capfd):
    measured = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[str(HOOK)]
    )
    measured.exclude("if __name__ == .__main__.:")  # every test of the hook as a process runs it
    with measured.collect():
        hook = load()
        assert hook.main(["--help"], {}) == 0
        assert hook.main([], {}) == 0
        assert run(hook, device, extnet=b"a/b") == 2
        assert run(hook, device.parent) == 2
        with closed_stderr():
            assert run(hook, device.parent / "missing") == 2
        with file_size_limit(50):
            assert run(hook, device) == 2
        assert device.read_bytes() == VNIC
        assert list(device.parent.iterdir()) == [device]
        assert run(hook, device, vmId=b"9e5f") == 0
        assert device.read_bytes() == ON_GLITTER
        assert run(hook, device) == 0
        device.write_bytes(VNIC.replace(b"bridge", b"direct"))
        assert run(hook, device) == 2
        for name in ("rewritten/whitespace-references", "rewritten/namespaces"):
            device.write_bytes((VNICS / f"{name}-in.xml").read_bytes())
            assert run(hook, device) == 0
        for name in (
            "refused/doctype",
            "refused/nul",
            "refused/declared-as-latin-1",
            "untouched/channel",
        ):
            device.write_bytes((VNICS / f"{name}-in.xml").read_bytes())
            assert run(hook, device) == (2 if "refused" in name else 0)
    capfd.readouterr()
    assert measured.report(show_missing=True) == 100, capfd.readouterr().out


def test_a_text_of_many_lines_is_read_in_one_piece(monkeypatch):
    """Or minidom would copy all of it again for each piece: the square of its length in time."""
    pieces = []
    original = expatbuilder.ExpatBuilder.character_data_handler_cdata
    monkeypatch.setattr(
        expatbuilder.ExpatBuilder,
        "character_data_handler_cdata",
        lambda builder, data: (pieces.append(len(data)), original(builder, data)),
    )
    text = b"a line\n" * 10_000
    load().rewrite(VNIC.replace(b"<source", b"<x>" + text + b"</x><source"), "glitter", b"")
    assert pieces == [len(text)]
