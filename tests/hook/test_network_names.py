# SPDX-License-Identifier: GPL-2.0-or-later
"""Any name that a libvirt network can have works; anything else is refused, in one line."""

import pytest
import readme
from canon import canonical, on_network
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
BAD = {  # what README's words have of it
    "empty": [b"", b"  "],
    "'/'": [b"a/b", b"../../passwd"],
    "invisible": [*(f"glit{c}ter".encode() for c in UNSEEN), *NO_UTF_8],
}
UTF_8 = {"LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("name", GOOD, ids=lambda name: ascii(name)[:20])
def test_a_name_of_a_network_arrives_as_it_is(name, device, python):
    done = call_hook(device, extnet=name, python=python, environ=UTF_8)
    assert (done.status, f" -> libvirt network {name!r} (vNIC " in done.stderr) == (0, True)
    assert canonical(device.read_bytes()) == on_network(VNIC, name)


@pytest.mark.parametrize(("fault", "value"), [(it, value) for it in BAD for value in BAD[it]])
def test_what_cannot_be_a_name_is_refused_and_shown(fault, value, device, python):
    done = call_hook(device, extnet=value, python=python, environ=UTF_8)
    line = done.stderr.removesuffix("\n")
    assert (done.status, fault in readme.refusal(line)[0], line.isprintable()) == (2, True, True)
    assert line.endswith(f", libvirt network {value.decode('utf-8', 'surrogateescape')!r})")
    assert device.read_bytes() == VNIC
