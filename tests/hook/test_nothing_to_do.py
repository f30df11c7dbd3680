# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the custom property the hook does nothing at all, and costs next to nothing."""

from hook import VNIC, call_hook


def test_without_the_property_nothing_is_done(python, device):
    inode = device.stat().st_ino
    assert call_hook(device, extnet=None, python=python, environ={"vmId": "1"}) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (VNIC, inode)


def test_no_call_imports_what_would_double_its_cost(python, device):
    traced = {"python": python, "flags": ("-uIS", "-v")}
    assert "minidom" not in call_hook(device, extnet=None, **traced).stderr
    trace = call_hook(device, **traced).stderr
    assert "import 'xml.dom.minidom'" in trace
    for name in "tempfile", "random", "re", "os", "signal":
        assert f"import '{name}' " not in trace
