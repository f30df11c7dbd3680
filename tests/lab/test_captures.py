# SPDX-License-Identifier: GPL-2.0-or-later
"""With which captured case the lab compares what it sees."""

from types import SimpleNamespace

import captures
import pytest
from vm import GLITTER


def nic(got, left):
    """Return a vNIC for which the hooks got and left these texts."""
    host = SimpleNamespace(read=lambda path: got if captures.BEFORE in path else left)
    return SimpleNamespace(mac="", profile=GLITTER, vm=SimpleNamespace(host=host))


@pytest.mark.parametrize("left", ["in", "out"], ids=["untouched", "rewritten"])
def test_it_is_that_of_the_version_or_of_the_stand_ins(tmp_path, monkeypatch, left):
    monkeypatch.setattr(captures, "VNICS", tmp_path)
    for version in captures.VERSION, "4.60.0":
        captures.write(nic(f"in {version}", f"{left} {version}"), "", "start", version)
    for version in "4.60.0", "4.40.0", captures.VERSION:
        of = captures.VERSION if version == "4.40.0" else version
        captures.check(nic(f"in {of}", f"{left} {of}"), "", "start", version)
        for wrong in nic("other", "other"), nic(f"in {of}", "other"):
            with pytest.raises(AssertionError, match=f"vdsm-{of}/start"):
                captures.check(wrong, "", "start", version)
