# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzing: any property value with any device XML, judged by lxml and by no code of the hook.

`make check` always tries the same few inputs, `make fuzz` a hundred thousand others each time.
What test_properties.py lets pass is held here to what each input calls for.
"""

import os
import re
import tempfile
from pathlib import Path
from xml.parsers import expat

import pytest
import strategies
from canon import canonical, moved, parse
from hook import load
from hypothesis import event, given, note, settings
from hypothesis import strategies as st
from lxml import etree

INPUTS = int(os.environ.get("FUZZ", "0"))
ROUND = 2000  # Hypothesis remembers every input of a test: in rounds, for the memory's sake

DEEP = 200  # levels of elements, from which on the hook may refuse and need not
extnet = load()


def is_text(value):
    """Whether bytes are UTF-8 without a NUL, which would make UTF-16 of them."""
    return value.decode("utf-8", "replace").encode() == value and b"\0" not in value


def is_name(value):
    """Whether the value of a property can name a libvirt network."""
    name = value.decode("utf-8", "replace")
    return is_text(value) and bool(name.strip()) and name.isprintable() and "/" not in name


def called_for(value, device):
    """Return what the hook has to do with a property's value and a device XML, both bytes."""
    try:
        vnic = parse(device)
    except etree.XMLSyntaxError:
        return "refuse, if expat does"
    info = vnic.getroottree().docinfo
    sources = vnic.xpath("*[name() = 'source']")
    of_bridge_or_network = vnic.get("type") in ("bridge", "network") and len(sources) == 1
    if not is_name(value) or not is_text(device):
        return "refuse"
    if info.doctype or (info.xml_version, info.encoding.lower()) != ("1.0", "utf-8"):
        return "refuse"
    if vnic.xpath("name()") == "interface" and not of_bridge_or_network:
        return "refuse"
    if vnic.xpath("name()") == "interface" and (
        vnic.get("type") == "bridge" or sources[0].get("network") != value.decode()
    ):
        return "rewrite"
    return "leave"


def expat_refuses(device):
    """Whether the parser that the hook has cannot read a document, or it is nested too deep."""
    depths = [0]
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: depths.append(depths[-1] + 1)
    parser.EndElementHandler = lambda *_: depths.append(depths[-1] - 1)
    try:
        parser.Parse(device, True)
    except expat.ExpatError:
        return True
    return max(depths) > DEEP


def cdata(device):
    """Return a document's CDATA sections, of which the canonical form says nothing.

    Without the empty ones: expat tells minidom of none.
    """
    whole = etree.tostring(parse(device, strip_cdata=False).getroottree())
    return re.findall(rb"(?s)<!\[CDATA\[(?!]]>).*?]]>", whole)


def run(value, device, vm):
    """Run the hook's main on a device file; return (status, stderr, what the file then holds)."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        path = Path(folder, "vnic.xml")
        path.write_bytes(device)
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            environ = {b"extnet": value, b"_hook_domxml": bytes(path), b"vmId": vm}
            status = extnet.main([], environ)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        assert list(Path(folder).iterdir()) == [path]
        log.seek(0)
        return status, log.read().decode("utf-8"), path.read_bytes()


@pytest.mark.parametrize("number", range(max(1, INPUTS // ROUND)))
@settings(
    max_examples=ROUND if INPUTS else 200,
    derandomize=not INPUTS,
)
@given(value=strategies.values(), device=strategies.devices(), vm=st.binary(max_size=4))
def test_any_input_is_dealt_with_as_it_calls_for(number, value, device, vm):  # noqa: ARG001
    task = called_for(value, device)
    status, stderr, after = run(value, device, vm)
    note(f"{task}: {status} {stderr}{after!r}")
    event(f"{task}: {status}")
    assert status in (0, 2)
    assert re.fullmatch(r"(extnet: .+\n)?", stderr)
    assert stderr[:-1].isprintable()
    if status == 2:
        assert task.startswith("refuse") or expat_refuses(device)
        assert (after, bool(stderr)) == (device, True)
    elif task == "rewrite":
        assert canonical(after) == moved(device, value.decode())
        assert cdata(after) == cdata(device)
    elif task == "leave":
        assert (after, stderr) == (device, "")
    else:
        assert task == "refuse, if expat does"
        assert is_name(value)
        assert not expat_refuses(device)
        assert not expat_refuses(after)
