# SPDX-License-Identifier: GPL-2.0-or-later
"""Every vNIC of the folders in tests/vnics, with every Python: rewritten, refused or untouched.

A new case is a new file there, and no new Python: what Vdsm hands over with the custom property
extnet=glitter, and for a rewritten one, NAME-in.xml, beside it NAME-out.xml, what libvirt is to
get. The folder in refused is the refusal: which one README's tables have for all that are in it.
vdsm-* were captured from the real Vdsm; seed-* are of the story the hook was first written for.
"""

import pytest
import readme
import vdsm
from canon import canonical, moved
from hook import VNICS, call_hook, cases, deploy, expected


def each(kind):
    """Return the vNICs of a folder as parameters of a test."""
    names = {path: str(path.relative_to(VNICS / kind).with_suffix("")) for path in cases(kind)}
    return [pytest.param(path, id=name.removesuffix("-in")) for path, name in names.items()]


@pytest.mark.parametrize("before", each("rewritten"))
def test_a_vnic_is_rewritten(before, python, tmp_path):
    point = deploy(tmp_path / "before_device_create", python)
    after, log = vdsm.run_hooks(point, before.read_bytes(), {"extnet": "glitter"})
    assert canonical(after) == canonical(expected(before).read_bytes())
    if not python.endswith(("3.6", "3.7")):  # whose minidom sorts attributes
        assert after == expected(before).read_bytes()
    assert log.endswith(" -> network 'glitter'\n")


@pytest.mark.parametrize("before", each("rewritten"))
def test_an_expected_result_differs_in_the_two_edits_and_in_nothing_else(before):
    assert canonical(expected(before).read_bytes()) == moved(before.read_bytes(), "glitter")


@pytest.mark.parametrize("kind", sorted((VNICS / "refused").iterdir()), ids=lambda f: f.name)
def test_the_vnics_of_a_folder_are_refused_for_one_reason(kind, python, device):
    reasons = {}
    for before in cases(kind):
        device.write_bytes(before.read_bytes())
        inode = device.stat().st_ino
        done = call_hook(device, python=python)
        assert done.status == 2
        assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)
        assert list(device.parent.iterdir()) == [device]
        reasons[readme.refusal(done.stderr.rstrip("\n"))] = before.name
    assert len(reasons) == 1, reasons


@pytest.mark.parametrize("before", each("untouched"))
def test_a_device_is_left_untouched(before, python, device):
    device.write_bytes(before.read_bytes())
    inode = device.stat().st_ino
    assert call_hook(device, python=python) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)


def test_no_expected_result_is_forgotten():
    known = {path for before in cases("rewritten") for path in (before, expected(before))}
    assert known == set((VNICS / "rewritten").iterdir())


def test_the_seeds_sample_stands_word_for_word_but_for_its_placeholder():
    words = (VNICS / "refused/broken-xml/seed-word-for-word.xml").read_text("utf-8").splitlines()
    sample = (VNICS / "rewritten" / "seed-in.xml").read_text("utf-8").splitlines()
    different = [word for word, line in zip(words, sample, strict=True) if word != line]
    assert different == ["<address some-bus-and-address/>"]
