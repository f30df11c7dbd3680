# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook says: one line, which no value can break out of."""

import ast
import os

import pytest
import readme
from hook import ON_GLITTER, VNIC, call_hook, load
from paths import HOOK

VM = "9e5f1c66-4e0c-4a2b-8d6e-6a2e0c3b7d11"


@pytest.mark.parametrize(
    ("inside", "vm", "line"),
    [
        ('<mac address="52:54"/><source bridge="a"/>', VM, f"vNIC 52:54 of VM {VM}: bridge 'a'"),
        ('<source network="tinsel" portid="4b"/>', "", "vNIC: network 'tinsel', portid '4b'"),
        ("<source/>", None, "vNIC: nothing"),
    ],
)
def test_the_audit_line_names_the_vnic_its_vm_all_of_the_old_source_and_the_network(
    device, inside, vm, line
):
    device.write_text(f'<interface type="network">{inside}</interface>')
    done = call_hook(device, environ={} if vm is None else {"vmId": vm})
    assert done == (0, f"extnet: {line} -> network 'glitter'\n", "")


def test_readme_has_no_refusal_that_the_hook_does_not_have():
    code = ast.unparse(ast.parse(HOOK.read_text(encoding="utf-8")))  # each text in one line
    code = code.replace("{CHECK}", load().CHECK)
    for words in readme.refusals().values():
        reason = words.split(", because ")[1]
        assert [piece for piece in reason.split("…") if piece.strip("(): ") not in code] == []


HOSTILE = "x\r\nextnet: forged\u2028\u0085\x1b[2J\u202e\u2066\ufeff\ue000"


def test_no_value_breaks_out_of_its_line(tmp_path, python):
    device, hostile = tmp_path / HOSTILE, HOSTILE.replace("\x1b", "").encode()
    for content in (
        None,  # The line has the path of the file that is not there.
        VNIC.replace(b"52:54:00:59:f5:3f", hostile).replace(b"ovirtmgmt", hostile),
        VNIC.replace(b'"bridge"', b'"%b"' % hostile).replace(b"bridge=", b"b="),
    ):
        if content:
            device.write_bytes(content)
        line = call_hook(device, python=python, environ={"vmId": HOSTILE}).stderr
        assert (line[:8], line[-1]) == ("extnet: ", "\n")
        assert line[:-1].isprintable()


def test_what_a_log_cannot_show_is_shown_as_python_writes_it(device, tmp_path):
    line = call_hook(device, environ={b"vmId": b"a\n\x7f\xe2\x80\xa8\xff"}).stderr
    assert r" of VM a\n\x7f\u2028\udcff: " in line
    assert r"/\udcff' " in call_hook(tmp_path / os.fsdecode(b"\xff")).stderr


def test_a_closed_stderr_changes_nothing(device, python):
    closed = {"python": python, "capture_output": False, "preexec_fn": lambda: os.close(2)}
    assert call_hook(device, **closed).status == 0
    assert device.read_bytes() == ON_GLITTER
    assert call_hook(device, extnet="a/b", **closed).status == 2
    assert device.read_bytes() == ON_GLITTER
