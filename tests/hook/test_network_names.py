# SPDX-License-Identifier: GPL-2.0-or-later
"""Any name that a libvirt network can have works; what can be none is refused, on one line."""

import pytest
from hook import VNIC, run
from lxml import etree

GOOD = {
    "plain": "glitter",
    "with a space": "glitter and gold",
    "with spaces around it": " glitter ",
    "not ASCII": "třpyt",
    "of another alphabet": "光る",
    "beyond the first plane": "\U0001f984litter",
    "with markup": '<a b="c">&amp;\'',
    "that looks like a mark": "&#10;",
    "that a shell would expand": "$(reboot) `reboot` ; ${HOME} * ~ %n {0}",
    "with a backslash": "a\\nb",
    "of dots": "..",
    "of one letter": "g",
    "as long as it gets": "g" * 10000,
}

BAD = {
    "empty": b"",
    "blank": b"  ",
    "a slash": b"a/b",
    "a path": b"../../etc/passwd",
    "a line feed": b"glitter\n",
    "a forged line": b"glitter\nextnet: vNIC 00:00:00:00:00:00: all is well",
    "a carriage return": b"glit\rter",
    "a tab": b"glit\tter",
    "an escape sequence": b"\x1b[31mglitter",
    "a delete": b"glitter\x7f",
    "a C1 control": "glit\u0085ter".encode(),
    "a line separator": "glit\u2028ter".encode(),
    "a no-break space": "glit\u00a0ter".encode(),
    "an override of direction": "glit\u202eter".encode(),
    "no character": "glit\uffffter".encode(),
    "a byte that is not UTF-8": b"glit\xffter",
    "Latin-1": "müll".encode("latin-1"),
    "a surrogate": b"glit\xed\xa0\x80ter",
    "an overlong slash": b"glit\xc0\xafter",
}


@pytest.mark.parametrize("name", GOOD.values(), ids=GOOD.keys())
def test_a_name_of_a_network_arrives_as_it_is(name, device, python):
    done = run(device, extnet=name, python=python, environ={"LC_ALL": "C"})
    assert done.status == 0
    assert done.stderr.endswith(f" -> network {name!r}\n")
    vnic = etree.fromstring(device.read_bytes())
    assert vnic.get("type") == "network"
    assert dict(vnic.find("source").attrib) == {"network": name}


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "en_US.ISO-8859-1"])
def test_the_locale_does_not_matter(locale, device, python):
    done = run(device, extnet="třpyt", python=python, environ={"LC_ALL": locale})
    assert done.stderr == "extnet: vNIC 52:54:00:59:f5:3f: bridge 'ovirtmgmt' -> network 'třpyt'\n"
    assert etree.fromstring(device.read_bytes()).find("source").get("network") == "třpyt"


@pytest.mark.parametrize("value", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_a_name_is_refused(value, device, python):
    done = run(device, extnet=value, python=python, environ={"LC_ALL": "C"})
    assert done.status == 2
    assert done.stderr.splitlines() == [done.stderr.rstrip("\n")]
    assert ": not moved to network '" in done.stderr
    assert done.stderr[:-1].isprintable()
    assert device.read_bytes() == VNIC


def test_the_refusal_shows_the_value(device):
    shown = {
        b"": "''",
        b"a/b": "'a/b'",
        b"glitter\n": r"'glitter\n'",
        b"glit\xffter": r"'glit\\xffter'",
        "glit\u2028ter".encode(): r"'glit\u2028ter'",
    }
    for value, text in shown.items():
        assert f": not moved to network {text}, because " in run(device, extnet=value).stderr


def test_a_bad_name_does_not_matter_to_a_device_that_is_no_vnic(device):
    device.write_bytes(b"<channel/>")
    assert run(device, extnet="a/b") == (0, "", "")
