# SPDX-License-Identifier: GPL-2.0-or-later
"""Every vNIC of the folders in tests/vnics, with every Python: rewritten, refused or untouched.

A new case is a new file there, and no new Python: NAME-in.xml is what Vdsm hands over with the
custom property extnet=glitter, NAME-out.xml what libvirt is to get, NAME-message.txt the line on
stderr. The seed-* are the vNIC of the story that the hook was first written for.
"""

import pytest
import vdsm
from canon import canonical, moved
from hook import HOOK, VNICS, beside, deploy, fixtures, run


def each(kind):
    """Return the NAME-in.xml files of a folder as parameters of a test."""
    return [pytest.param(path, id=path.name[: -len("-in.xml")]) for path in fixtures(kind)]


@pytest.mark.parametrize("before", each("rewritten"))
def test_a_vnic_is_rewritten(before, python, tmp_path):
    point = deploy(tmp_path / "before_device_create", python)
    after, log = vdsm.run_hooks(point, before.read_bytes(), {"extnet": "glitter"})
    expected = beside(before, "-out.xml").read_bytes()
    assert canonical(after) == canonical(expected)
    if not python.endswith(("3.6", "3.7")):  # whose minidom sorts attributes
        assert after == expected
    assert log == beside(before, "-message.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("before", each("rewritten"))
def test_an_expected_result_differs_in_the_two_edits_and_in_nothing_else(before):
    expected = beside(before, "-out.xml").read_bytes()
    assert canonical(expected) == moved(before.read_bytes(), "glitter")


@pytest.mark.parametrize("before", each("refused"))
def test_a_vnic_is_refused(before, python, tmp_path):
    device = tmp_path / "vnic.xml"
    device.write_bytes(before.read_bytes())
    inode = device.stat().st_ino
    done = run(device, python=python)
    assert (done.status, done.stderr) == (2, beside(before, "-message.txt").read_text("utf-8"))
    assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)
    assert list(tmp_path.iterdir()) == [device]


@pytest.mark.parametrize("before", each("untouched"))
def test_a_device_is_left_untouched(before, python, tmp_path):
    device = tmp_path / "vnic.xml"
    device.write_bytes(before.read_bytes())
    inode = device.stat().st_ino
    assert run(device, python=python) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (before.read_bytes(), inode)


@pytest.mark.parametrize("before", each("refused"))
def test_vdsm_does_not_go_on_to_libvirt_after_a_refusal(before, tmp_path):
    (tmp_path / "50_extnet").symlink_to(HOOK)
    with pytest.raises(vdsm.HookError, match=r"^extnet: "):
        vdsm.run_hooks(tmp_path, before.read_bytes(), {"extnet": "glitter"})


@pytest.mark.parametrize("kind", ["rewritten", "refused", "untouched"])
def test_no_fixture_is_forgotten(kind):
    endings = {"rewritten": ["-out.xml", "-message.txt"], "refused": ["-message.txt"]}.get(kind, [])
    expected = {beside(path, e) for path in fixtures(kind) for e in ["-in.xml", *endings]}
    assert expected == set((VNICS / kind).iterdir())


def test_the_seeds_sample_stands_word_for_word_but_for_its_placeholder():
    words = (VNICS / "refused" / "seed-word-for-word-in.xml").read_text("utf-8").splitlines()
    sample = (VNICS / "rewritten" / "seed-in.xml").read_text("utf-8").splitlines()
    different = [word for word, line in zip(words, sample, strict=True) if word != line]
    assert different == ["<address some-bus-and-address/>"]
