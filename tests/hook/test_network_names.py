# SPDX-License-Identifier: GPL-2.0-or-later
"""Any name that a libvirt network can have works; what can be none is refused, on one line."""

import pytest
import readme
from canon import canonical, moved
from hook import VNIC, call_hook

GOOD = [
    "glitter", "glitter and gold", " glitter ", "třpyt", "光る", "\U0001f984litter", "a\\nb", "..",
    '<a b="c">&amp;\'', "&#10;", "$(reboot) `reboot` ; ${HOME} * ~ %n {0}", "g", "g" * 10000,
]  # fmt: skip
UNSEEN = [  # controls, separators, a no-break space, an override of direction, no character
    "\n", "\nextnet: vNIC 00:00:00:00:00:00: all is well", "\r", "\t", "\x1b[31m", "\x7f", "\x85",
    "\u2028", "\xa0", "\u202e", "\uffff",
]  # fmt: skip
NO_UTF_8 = [b"glit\xffter", "müll".encode("latin-1"), b"glit\xed\xa0\x80ter", b"glit\xc0\xafter"]
BAD = [b"", b"  ", b"a/b", b"../../passwd", *(f"glit{c}ter".encode() for c in UNSEEN), *NO_UTF_8]


@pytest.mark.parametrize("name", GOOD, ids=lambda name: ascii(name)[:20])
def test_a_name_of_a_network_arrives_as_it_is(name, device, python):
    done = call_hook(device, extnet=name, python=python, environ={"LC_ALL": "C"})
    assert (done.status, done.stderr.endswith(f" -> network {name!r}\n")) == (0, True)
    assert canonical(device.read_bytes()) == moved(VNIC, name)


@pytest.mark.parametrize("value", BAD)
def test_what_cannot_be_a_name_is_refused_and_shown(value, device, python):
    done = call_hook(device, extnet=value, python=python, environ={"LC_ALL": "C"})
    assert (done.status, readme.values(done.stderr[:-1])) == (2, [])
    shown = repr(value.decode("utf-8", "surrogateescape"))
    assert f": not moved to network {shown}, because " in done.stderr
    assert done.stderr[:-1].isprintable()
    assert device.read_bytes() == VNIC
