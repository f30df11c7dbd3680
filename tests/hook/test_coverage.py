# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every one of them, and every way out of it.

The other tests run the hook as Vdsm does, as a process, which nothing can look into.
"""

import posix
from unittest.mock import Mock

import coverage
from hook import HOOK, VNIC, cases, expected, load


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device, monkeypatch, capfd):
    def run(**environ):
        environ = {name.encode(): value for name, value in environ.items()}
        return hook.main([], {b"extnet": b"glitter", b"_hook_domxml": bytes(device), **environ})

    measured = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[str(HOOK)]
    )
    measured.exclude("if __name__ == .__main__.:")  # every test of the hook as a process runs it
    with measured.collect():
        hook = load()
        assert hook.main([], {}) == 0
        assert hook.main([], {b"_hook_domxml": bytes(device)}) == 0
        assert run(extnet=b"a/b") == 2
        assert run(_hook_domxml=b"") == 2
        with monkeypatch.context() as closed:
            closed.setattr(posix, "write", Mock(side_effect=OSError))
            assert run(_hook_domxml=b"/gone") == 2
        for kind, status in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
            for before in cases(kind):
                device.write_bytes(before.read_bytes())
                assert run(vmId=b"9e5f") == status, before
                after = expected(before) if kind == "rewritten" else before
                assert device.read_bytes() == after.read_bytes(), before
        monkeypatch.setattr(posix, "rename", Mock(side_effect=MemoryError))
        device.write_bytes(VNIC)
        assert run() == 2
    capfd.readouterr()
    assert measured.report(show_missing=True) == 100, capfd.readouterr().out
