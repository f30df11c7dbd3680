# SPDX-License-Identifier: GPL-2.0-or-later
"""For any property value and any device XML: the vNIC is moved, left, or refused in README's words.

Of what is moved or left, lxml judges whether it had to be. `make check` always tries the same few
inputs, `make fuzz` a hundred thousand others each time.
"""

import os
import re
import tempfile
from pathlib import Path

import pytest
import readme
import strategies
from canon import canonical, moved, parse
from hook import call_hook, call_main, load
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

INPUTS = int(os.environ.get("FUZZ", "0"))
ROUND = 2000  # Hypothesis remembers every input of a test: in rounds, for the memory's sake
ROUNDS = pytest.mark.parametrize("number", range(max(1, INPUTS // ROUND)))

extnet = load()


def is_name(value):
    """Whether the value of a property, bytes, can name a libvirt network."""
    name = value.decode()
    return bool(name.strip()) and name.isprintable() and "/" not in name


def is_left(value, vnic):
    """Whether a device, an lxml Element, is to be left as it is: no vNIC, or there already."""
    if vnic.xpath("name()") != "interface":
        return True
    (source,) = vnic.xpath("*[name() = 'source']")
    return (vnic.get("type"), source.get("network")) == ("network", value.decode())


def cdata(device):
    """Return a document's CDATA sections, of which the canonical form says nothing.

    Without the empty ones: expat tells minidom of none.
    """
    whole = etree.tostring(parse(device, strip_cdata=False).getroottree())
    return re.findall(rb"(?s)<!\[CDATA\[(?!]]>).*?]]>", whole)


def result(value, device, vm):
    """Run the hook's main on a device file; return (status, stderr, what the file then holds)."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        path = Path(folder, "vnic.xml")
        path.write_bytes(device)
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            environ = {b"extnet": value, b"_hook_domxml": bytes(path), b"vmId": vm}
            status = call_main(extnet, environ)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        assert list(Path(folder).iterdir()) == [path]
        log.seek(0)
        stderr = log.read().decode("utf-8")
        assert re.fullmatch(r"(extnet: .+\n)?", stderr)
        assert stderr[:-1].isprintable()
        return status, stderr, path.read_bytes()


def judge(value, device, vm):
    """Assert that an input is dealt with as it has to be; return how it was."""
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
    assert canonical(after) == moved(device, value.decode())
    assert cdata(after) == cdata(device)
    return "moved"


@ROUNDS
@settings(max_examples=ROUND if INPUTS else 300, derandomize=not INPUTS)
@given(value=strategies.values(), device=strategies.devices(), vm=st.binary(max_size=4))
def test_any_input_is_moved_left_or_refused(number, value, device, vm):  # noqa: ARG001
    event(judge(value, device, vm))


@ROUNDS
@settings(max_examples=ROUND // 4 if INPUTS else 150, derandomize=not INPUTS)
@given(value=strategies.NAMES, device=strategies.USUAL)
def test_what_is_usual_is_not_refused(number, value, device):  # noqa: ARG001
    assert judge(value.encode(), device.encode(), b"") == "moved"


@settings(max_examples=50)
@given(device=strategies.devices(), value=strategies.values())
def test_no_process_ends_in_a_traceback(device, value):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vnic.xml")
        path.write_bytes(device)
        done = call_hook(path, extnet=value.replace(b"\0", b""), environ={"vmId": "9e5f"})
    assert done.status in (0, 2)
    assert re.fullmatch(r"(extnet: .+\n)?", done.stderr)
    assert done.stderr or done.status == 0
