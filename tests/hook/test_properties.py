# SPDX-License-Identifier: GPL-2.0-or-later
"""For any vNIC, name and bytes: the two edits and nothing else, or a refusal; never a traceback.

Found by hypothesis, judged by another XML library. The examples are the same at every run.
"""

import os
import tempfile
from pathlib import Path

import pytest
from canon import canonical, moved
from hook import load, run
from hypothesis import example, given, settings
from strategies import devices, networks, values, vnics

extnet = load()


@given(vnics(), networks())
def test_the_result_differs_in_the_two_edits_and_in_nothing_else(vnic, network):
    data = vnic.encode()
    result, audit = extnet.rewrite(data, network, b"")
    assert canonical(result) == moved(data, network)
    assert audit.endswith(f" -> network {network!r}")


@given(vnics(), networks())
def test_done_twice_is_done_once(vnic, network):
    result, _ = extnet.rewrite(vnic.encode(), network, b"")
    assert extnet.rewrite(result, network, b"") == (None, None)


@given(networks())
def test_any_name_that_libvirt_takes_is_taken(network):
    assert extnet.wanted_network(network.encode()) == network


@given(values())
def test_any_value_is_a_visible_name_or_refused(value):
    try:
        name = extnet.wanted_network(value)
    except extnet.Refusal:
        pass
    else:
        assert name.encode() == value
        assert name.isprintable()
        assert "/" not in name
        assert name.strip()


@pytest.fixture(scope="module")
def folder():
    """Return a folder for all examples of a test, which need a file each, one after the other."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@given(device=devices(), value=values())
def test_any_bytes_are_left_untouched_or_rewritten_whole(folder, device, value):
    path = folder / "vnic.xml"
    path.write_bytes(device)
    environ = {b"extnet": value, b"_hook_domxml": bytes(path), b"vmId": value}
    status = extnet.main([], environ)
    assert status in (0, 2)
    if path.read_bytes() != device:
        assert status == 0
        assert canonical(path.read_bytes()) == moved(device, value.decode())
    assert os.listdir(folder) == ["vnic.xml"]  # noqa: PTH208 (quicker than pathlib's)


@settings(max_examples=50)
@given(device=devices(), value=values())
@example(device=b"", value=b"")
def test_no_process_ends_in_a_traceback(folder, device, value):
    path = folder / "vnic.xml"
    path.write_bytes(device)
    done = run(path, extnet=value.replace(b"\0", b""), environ={"vmId": "9e5f"})
    assert done.status in (0, 2)
    assert len(done.stderr.splitlines()) == (
        1 if done.status == 2 or path.read_bytes() != device else 0
    )
    assert done.stderr.startswith("extnet: ") or not done.stderr
