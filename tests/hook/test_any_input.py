# SPDX-License-Identifier: GPL-2.0-or-later
"""For any property value and any device XML: the vNIC is moved, left, or refused in README's words.

lxml decides independently which devices should be moved or left alone. `make check` always tries
the same few inputs, `make fuzz` a hundred thousand new ones each time.
"""

import os
import re
import tempfile
from pathlib import Path

import pytest
import readme
import strategies
from canon import canonical, on_network, parse
from hook import call_main, load
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

INPUTS = int(os.environ.get("FUZZ", "0"))
ROUND = 2000  # Hypothesis keeps every input of a test in memory, so the inputs come in rounds.
ROUNDS = pytest.mark.parametrize("number", range(max(1, INPUTS // ROUND)))

extnet = load()


def is_name(value):
    """Return whether the value of a property (bytes) can name a libvirt network."""
    name = value.decode()
    return bool(name.strip()) and name.isprintable() and "/" not in name


def is_left(value, vnic):
    """Return whether a device (lxml Element) needs no change: not a vNIC, or on the network."""
    if vnic.xpath("name()") != "interface":
        return True
    (source,) = vnic.xpath("*[name() = 'source']")
    return (vnic.get("type"), source.get("network")) == ("network", value.decode())


def result(value, device, vm):
    """Run the hook's main on a device file; return (status, stderr, what the file then holds)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vnic.xml")
        path.write_bytes(device)
        environ = {b"extnet": value, b"_hook_domxml": bytes(path), b"vmId": vm}
        status, stderr, _ = call_main(extnet, environ)
        assert re.fullmatch(r"(extnet: .+\n)?", stderr)
        assert stderr[:-1].isprintable()
        return status, stderr, path.read_bytes()


def judge(value, device, vm):
    """Assert that the hook treats an input correctly; return what it did."""
    status, stderr, after = result(value, device, vm)
    if status == 2:
        readme.refusal(stderr.removesuffix("\n"))
        assert after == device
        return "refused"
    assert (status, result(value, after, vm)) == (0, (0, "", after))
    try:
        vnic = parse(device)
    except etree.XMLSyntaxError:
        return "read by expat alone"
    if not stderr:
        assert after == device
        assert is_left(value, vnic)
        return "left"
    assert is_name(value)
    assert not is_left(value, vnic)
    assert canonical(after) == on_network(device, value.decode())
    return "moved"


@ROUNDS
@settings(max_examples=ROUND if INPUTS else 300, derandomize=not INPUTS)
@given(value=strategies.VALUES, device=strategies.DEVICES, vm=st.binary(max_size=4))
def test_any_input_is_moved_left_or_refused(number, value, device, vm):  # noqa: ARG001
    event(judge(value, device, vm))


@ROUNDS
@settings(max_examples=ROUND // 4 if INPUTS else 150, derandomize=not INPUTS)
@given(value=strategies.NAMES, device=strategies.USUAL)
def test_what_is_usual_is_not_refused(number, value, device):  # noqa: ARG001
    assert judge(value, device, b"") == "moved"
