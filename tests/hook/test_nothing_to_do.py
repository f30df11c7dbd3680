# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the custom property the hook does nothing at all, and costs next to nothing."""

from hook import HOOK, VNIC, call_hook

SHOW_OPENED_FILES = """
import sys
sys.addaudithook(lambda event, values: event == "open" and print("opened", values[0], flush=True))
"""


def test_without_the_property_nothing_is_done(python, device):
    inode = device.stat().st_ino
    assert call_hook(device, extnet=None, python=python, environ={"vmId": "1"}) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (VNIC, inode)


def test_without_the_property_no_file_is_opened(device):
    traced = {"script": ("-c", SHOW_OPENED_FILES + HOOK.read_text(encoding="utf-8"))}
    assert call_hook(device, extnet=None, **traced) == (0, "", "")
    assert f"opened {bytes(device)}\n" in call_hook(device, **traced).stdout


def test_no_call_imports_what_would_double_its_cost(python, device):
    traced = {"python": python, "flags": ("-uIS", "-v")}
    assert "minidom" not in call_hook(device, extnet=None, **traced).stderr
    trace = call_hook(device, **traced).stderr
    assert "import 'xml.dom.minidom'" in trace
    for name in "tempfile", "random", "re", "os", "signal":
        assert f"import '{name}' " not in trace
