# SPDX-License-Identifier: GPL-2.0-or-later
"""Every vNIC of the folders in tests/vnics, with every Python: rewritten, refused or untouched.

A new case is new files there, and no new Python: what Vdsm hands over with the custom property
extnet=glitter, in rewritten as NAME-in.xml with NAME-out.xml, what libvirt is to get, beside it; in
refused as NAME.xml with NAME.txt, which has, one a line, what the hook writes in place of each …
after "because" in README's row. It is empty where that row has no ….
The folders vdsm-VERSION were captured from that Vdsm; seed-* are of the story the hook was first
written for.
"""

import re

import pytest
import readme
from canon import canonical, moved
from hook import call_hook, cases, expected
from paths import VNICS

NO_VNIC = "broken-xml"  # the folder where the hook cannot read which vNIC it is


def each(kind):
    """Return the cases of a folder as parameters of a test, without those that lack a file."""
    names = {path: str(path.relative_to(VNICS / kind).with_suffix("")) for path in cases(kind)}
    return [
        pytest.param(path, id=name.removesuffix("-in"))
        for path, name in names.items()
        if kind == "untouched" or expected(path).exists()
    ]


@pytest.mark.parametrize("before", each("rewritten"))
def test_a_vnic_is_rewritten(before, python, device):
    device.write_bytes(before.read_bytes())
    done = call_hook(device, python=python)
    assert (done.status, done.stderr[-22:]) == (0, " -> network 'glitter'\n")
    assert canonical(device.read_bytes()) == moved(before.read_bytes(), "glitter")
    if not python.endswith(("3.6", "3.7")):  # whose minidom sorts attributes
        assert device.read_bytes() == expected(before).read_bytes()


@pytest.mark.parametrize("before", each("refused"))
def test_a_vnic_is_refused_in_readmes_words(before, python, device):
    device.write_bytes(before.read_bytes())
    inode = device.stat().st_ino
    done = call_hook(device, python=python, environ={"vmId": "9e5f"})
    assert (done.status, done.stdout) == (2, "")
    which = "a device" if before.parent.name == NO_VNIC else r"vNIC( [0-9a-f:]{17})?"
    start = f"extnet: {which} of VM 9e5f: not moved to network 'glitter', because "
    assert re.match(start, done.stderr)
    assert readme.values(done.stderr[:-1]) == expected(before).read_text("utf-8").splitlines()
    assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)
    assert list(device.parent.iterdir()) == [device]


@pytest.mark.parametrize("before", each("refused"))
def test_readme_has_what_is_wrong_with_a_device_xml(before):
    codes = readme.codes(readme.section("Troubleshooting"))
    shown = [code.split("…") for code in codes if code != "…"]
    for words in expected(before).read_text("utf-8").splitlines():
        if words.startswith(("is ", "has ")):
            assert any(re.fullmatch(".*".join(map(re.escape, it)), words) for it in shown)


@pytest.mark.parametrize("before", each("untouched"))
def test_a_device_is_left_untouched(before, python, device):
    device.write_bytes(before.read_bytes())
    inode = device.stat().st_ino
    assert call_hook(device, python=python) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)


@pytest.mark.parametrize("kind", ["rewritten", "refused"])
def test_no_case_lacks_its_other_file(kind):
    known = {path for before in cases(kind) for path in (before, expected(before))}
    assert known == {path for path in (VNICS / kind).rglob("*") if path.is_file()}
