# SPDX-License-Identifier: GPL-2.0-or-later
"""Every case in tests/vnics, with every Python: rewritten, refused or untouched.

To add a case, add files, not code: see "Add a case" in CONTRIBUTING.md. The folders vdsm-VERSION
were captured from that Vdsm; seed-* come from the user story for which the hook was first written.
"""

import pytest
import readme
from canon import canonical, on_network
from hook import call_hook, cases, expected
from paths import VNICS


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
    assert (done.status, " -> libvirt network 'glitter' (vNIC" in done.stderr) == (0, True)
    after = device.read_bytes()
    assert canonical(after) == on_network(before.read_bytes(), "glitter")
    if not python.endswith(("3.6", "3.7")):  # whose minidom sorts attributes
        # As text, so that pytest shows the lines that differ, but with the line ends as they are.
        assert after.decode() == expected(before).read_bytes().decode()


@pytest.mark.parametrize("before", each("refused"))
def test_a_vnic_is_refused_in_readmes_words(before, python, device):
    device.write_bytes(before.read_bytes())
    status, stderr, stdout = call_hook(device, python=python)
    words, values = readme.refusal(stderr.removesuffix("\n"))
    assert (status, stdout) == (2, "")
    assert before.parent.name in words.lower()
    assert values == expected(before).read_text("utf-8").splitlines()
    assert device.read_bytes() == before.read_bytes()


@pytest.mark.parametrize("before", each("untouched"))
def test_a_device_is_left_untouched(before, python, device):
    device.write_bytes(before.read_bytes())
    assert call_hook(device, python=python) == (0, "", "")
    assert device.read_bytes() == before.read_bytes()


@pytest.mark.parametrize("kind", ["rewritten", "refused"])
def test_no_case_lacks_its_other_file(kind):
    known = {path for before in cases(kind) for path in (before, expected(before))}
    assert known == {path for path in (VNICS / kind).rglob("*") if path.is_file()}
