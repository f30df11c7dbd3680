# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every one of them, and every way out of it.

The other tests run the hook as Vdsm does, as a process, which nothing can look into.
"""

from unittest.mock import patch

import coverage
from hook import call_main, cases, expected, load
from paths import HOOK


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device):
    def status(**environ):
        environ = {name.encode(): value for name, value in environ.items()}
        environ = {b"extnet": b"glitter", b"_hook_domxml": bytes(device), **environ}
        return call_main(hook, environ).status

    options = {"data_file": None, "config_file": False, "branch": True}
    measured = coverage.Coverage(include=[str(HOOK)], **options)
    # Processes run these, in test_failures.py and everywhere.
    for line in "def give_up", "raise MemoryError", "if __name__ == .__main__.:":
        measured.exclude(line)
    with measured.collect():
        hook = load()
        assert call_main(hook, {}) == call_main(hook, {b"_hook_domxml": b"/gone"}) == (0, "", "")
        assert status(extnet=b"a/b") == 2
        with patch("posix.rename", side_effect=OSError):
            assert status() == 2
        with patch.object(hook, "end", side_effect=MemoryError):
            assert status() == 0
        for kind, ends in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
            for before in cases(kind):
                device.write_bytes(before.read_bytes())
                assert status(vmId=b"9e5f") == ends, before
                after = expected(before) if kind == "rewritten" else before
                assert device.read_bytes() == after.read_bytes(), before
    assert measured.report(show_missing=True) == 100
