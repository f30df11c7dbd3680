# SPDX-License-Identifier: GPL-2.0-or-later
"""With which version of Vdsm a captured case is compared."""

import captures
import pytest
from vm import GLITTER, Nic, Vm


class Host:
    """A host whose hooks have seen one text."""

    def __init__(self, text):
        self.text = text

    def read(self, _):
        """Return the text, whatever the path is."""
        return self.text


def nic(text):
    """Return a vNIC for which hooks have seen a text."""
    return Nic(Vm(Host(text)), GLITTER)


@pytest.mark.parametrize(
    ("version", "compared"),
    [
        ("4.40.100.2", "4.50.7"),  # the oldest there is
        ("4.50.7", "4.50.7"),
        ("4.50.9", "4.50.7"),
        ("4.50.10", "4.50.10"),
        ("4.60.0", "4.50.10"),  # it has another case alone
    ],
)
@pytest.mark.parametrize("untouched", [False, True])
def test_it_is_its_own_or_the_one_before(tmp_path, monkeypatch, version, compared, untouched):
    monkeypatch.setattr(captures, "VNICS", tmp_path)
    for kind in "rewritten", "untouched":
        (tmp_path / kind).mkdir()
    for name, of in ("start", "4.50.7"), ("start", "4.50.10"), ("update", "4.60.0"):
        captures.write(nic(of), "point", name, of, untouched=untouched)
    captures.check(nic(compared), "point", "start", version, untouched=untouched)
    with pytest.raises(AssertionError, match=f"vdsm-{compared}/start"):
        captures.check(nic("other"), "point", "start", version, untouched=untouched)
    with pytest.raises(AssertionError, match="no Vdsm has the case plug"):
        captures.check(nic(compared), "point", "plug", version, untouched=untouched)
