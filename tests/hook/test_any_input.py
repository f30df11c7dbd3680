# SPDX-License-Identifier: GPL-2.0-or-later
"""For any property value and any device XML: what it calls for, judged by lxml, or a refusal.

`make check` always tries the same few inputs, `make fuzz` a hundred thousand others each time.
"""

import os
import re
import tempfile
from pathlib import Path
from xml.parsers import expat

import pytest
import strategies
from canon import canonical, moved, parse
from hook import VNICS, call_hook, load
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

INPUTS = int(os.environ.get("FUZZ", "0"))
ROUND = 2000  # Hypothesis remembers every input of a test: in rounds, for the memory's sake

DEEP = 200  # levels of elements, from which on the hook may refuse and need not
UNKEPT = re.compile("<!DOCTYPE|&#(0*(9|10|13)|x0*[9aAdD]);|\0")
extnet = load()


def text_of(data):
    """Return bytes as str, None if they are no UTF-8."""
    text = data.decode("utf-8", "replace")
    return text if text.encode() == data else None


def is_name(value):
    """Whether the value of a property can name a libvirt network."""
    name = text_of(value) or ""
    return bool(name.strip()) and name.isprintable() and "/" not in name


def called_for(value, device):
    """Return what the hook has to do with a property's value and a device XML, both bytes."""
    text = text_of(device)
    if text is None or UNKEPT.search(text):
        return "refuse"
    try:
        vnic = parse(device)
    except etree.XMLSyntaxError:
        return "refuse, if expat does"
    if vnic.xpath("name()") != "interface":
        return "leave"
    sources = vnic.xpath("*[name() = 'source']")
    named = [source for source in sources if {"bridge", "network"} & set(source.attrib)]
    if len(sources) != 1 or not (named or vnic.get("type") in ("bridge", "network")):
        return "refuse"
    if not is_name(value):
        return "refuse"
    there = vnic.get("type") == "network" and sources[0].get("network") == value.decode()
    return "leave" if there else "rewrite"


def expat_refuses(device):
    """Whether the parser that the hook has cannot read a document, or it is nested too deep."""
    depths = [0]
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda *_: depths.append(depths[-1] + 1)
    parser.EndElementHandler = lambda *_: depths.append(depths[-1] - 1)
    try:
        parser.Parse(device.decode(), True)
    except expat.ExpatError:
        return True
    return max(depths) > DEEP


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
            status = extnet.main([], environ)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        assert list(Path(folder).iterdir()) == [path]
        log.seek(0)
        return status, log.read().decode("utf-8"), path.read_bytes()


def judge(value, device, vm):
    """Assert that an input is dealt with as it calls for; return what that is."""
    task = called_for(value, device)
    status, stderr, after = result(value, device, vm)
    assert status in (0, 2)
    assert re.fullmatch(r"(extnet: .+\n)?", stderr)
    assert stderr[:-1].isprintable()
    if status == 2:
        assert task.startswith("refuse") or expat_refuses(device)
        assert (after, bool(stderr)) == (device, True)
    elif task == "rewrite":
        assert canonical(after) == moved(device, value.decode())
        assert cdata(after) == cdata(device)
        assert result(value, after, vm) == (0, "", after)
    elif task == "leave":
        assert (after, stderr) == (device, "")
    else:
        assert task == "refuse, if expat does"
        assert not expat_refuses(device)
        assert not expat_refuses(after)
    return f"{task}: {status}"


@pytest.mark.parametrize("case", sorted(VNICS.rglob("*.xml")), ids=lambda path: path.stem)
def test_a_case_is_dealt_with_as_it_calls_for(case):
    judge(b"glitter", case.read_bytes(), b"9e5f")


@pytest.mark.parametrize("number", range(max(1, INPUTS // ROUND)))
@settings(
    max_examples=ROUND if INPUTS else 400,
    derandomize=not INPUTS,
)
@given(value=strategies.values(), device=strategies.devices(), vm=st.binary(max_size=4))
def test_any_input_is_dealt_with_as_it_calls_for(number, value, device, vm):  # noqa: ARG001
    event(judge(value, device, vm))


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
