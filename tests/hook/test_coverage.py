# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every one of them, and every way out of it.

The other tests run the hook as Vdsm does, as a process, which nothing can look into.
"""

from unittest.mock import patch
from xml.parsers.expat import ExpatError

import coverage
import pytest
from hook import HOOK, VNIC, call_main, cases, expected, load

EXPAT = "xml.dom.expatbuilder.parseString"


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device, capfd):
    def run(**environ):
        environ = {name.encode(): value for name, value in environ.items()}
        return call_main(hook, {b"extnet": b"glitter", b"_hook_domxml": bytes(device), **environ})

    measured = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[str(HOOK)]
    )
    # Processes run these, in test_failures.py and everywhere.
    measured.exclude("def give_up")
    measured.exclude("if __name__ == .__main__.:")
    with measured.collect():
        hook = load()
        assert call_main(hook, {}) == 0
        assert call_main(hook, {b"_hook_domxml": bytes(device)}) == 0
        assert run(extnet=b"a/b") == 2
        assert run(_hook_domxml=b"/gone") == 2
        for kind, status in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
            for before in cases(kind):
                device.write_bytes(before.read_bytes())
                assert run(vmId=b"9e5f") == status, before
                after = expected(before) if kind == "rewritten" else before
                assert device.read_bytes() == after.read_bytes(), before
        device.write_bytes(VNIC)
        out_of_memory = ExpatError("out of memory: line 1, column 0")
        for place, error in (EXPAT, out_of_memory), ("posix.rename", MemoryError):
            with patch(place, side_effect=error), pytest.raises(MemoryError):
                run()
        with patch.object(hook, "end", side_effect=MemoryError):
            assert run() == 0
    capfd.readouterr()
    assert measured.report(show_missing=True) == 100, capfd.readouterr().out
