# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the custom property the hook does nothing at all, and costs next to nothing."""

from hook import HOOK, VNIC, run

# Runs the script named by its first argument, and prints each file that the script then opens.
SHOW_OPENED_FILES = """
import sys
code = compile(open(sys.argv.pop()).read(), "50_extnet", "exec")
sys.addaudithook(lambda event, values: event == "open" and print("opened", values[0], flush=True))
exec(code)
"""


def test_without_the_property_nothing_is_done(python, device):
    inode = device.stat().st_ino
    assert run(device, extnet=None, python=python, environ={"vmId": "1"}) == (0, "", "")
    assert (device.read_bytes(), device.stat().st_ino) == (VNIC, inode)


def test_without_the_property_a_missing_device_is_not_missed(python, tmp_path):
    assert run(tmp_path / "nothing.xml", extnet=None, python=python) == (0, "", "")


def test_without_the_property_no_file_is_opened(device):
    traced = {"script": ("-c", SHOW_OPENED_FILES, HOOK)}
    assert run(device, extnet=None, **traced) == (0, "", "")
    assert f"opened {bytes(device)}\n" in run(device, **traced).stdout


def test_without_the_property_no_parser_is_imported(python, device):
    traced = {"python": python, "flags": ("-uIS", "-v")}
    assert "minidom" not in run(device, extnet=None, **traced).stderr
    assert "import 'xml.dom.minidom'" in run(device, **traced).stderr


def test_no_call_imports_what_would_double_its_cost(python, device):
    trace = run(device, python=python, flags=("-uIS", "-v")).stderr
    for name in "tempfile", "random", "re", "os", "signal":
        assert f"import '{name}' " not in trace
