# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook's own lines, run in this process: every line and every branch.

The other tests run the hook as a process, like Vdsm, so coverage cannot see inside.
"""

import coverage
from hook import call_main, cases, expected, load
from paths import HOOK


def test_no_line_and_no_branch_of_the_hook_is_without_a_test(device):
    def status(**environ):
        environ = {name.encode(): value for name, value in environ.items()}
        return call_main(hook, {b"extnet": b"glitter", **environ}).status

    options = {"data_file": None, "config_file": False, "branch": True}
    measured = coverage.Coverage(include=[str(HOOK)], **options)
    measured.exclude("if __name__ == .__main__.:")
    with measured.collect():
        hook = load()
        assert call_main(hook, {b"_hook_domxml": b"/gone"}) == (0, "", "")
        assert call_main(hook, {}).status == 0
        assert status() == status(_hook_domxml=b"/gone") == 2
        for name in b"", b"a/b", b"a\n":
            assert status(_hook_domxml=bytes(device), extnet=name) == 2
        for kind, ends in {"rewritten": 0, "refused": 2, "untouched": 0}.items():
            for before in cases(kind):
                device.write_bytes(before.read_bytes())
                assert status(_hook_domxml=bytes(device), vmId=b"9e5f") == ends, before
                after = expected(before) if kind == "rewritten" else before
                # As text, so that pytest shows the lines that differ.
                left, wanted = (file.read_bytes().decode("latin-1") for file in (device, after))
                assert left == wanted, before
    assert measured.report(show_missing=True) == 100
