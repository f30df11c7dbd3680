# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook says: one line, which no value can break out of; none where nothing was done."""

import ast
import os
import subprocess

import pytest
import readme
from hook import HOOK, ON_GLITTER, VNIC, call_hook, load

VM = "9e5f1c66-4e0c-4a2b-8d6e-6a2e0c3b7d11"


@pytest.mark.parametrize(
    ("environ", "vm"), [({"vmId": VM}, f" of VM {VM}"), ({"vmId": ""}, ""), ({}, "")]
)
def test_the_audit_line_names_the_vnic_its_vm_the_old_source_and_the_network(device, environ, vm):
    assert call_hook(device, environ=environ).stderr == (
        f"extnet: vNIC 52:54:00:59:f5:3f{vm}: bridge 'ovirtmgmt' -> network 'glitter'\n"
    )


@pytest.mark.parametrize(
    ("source", "before"),
    [
        ('<source network="tinsel" portid="4b2f"/>', "network 'tinsel', portid '4b2f'"),
        ("<source/>", "nothing"),
    ],
)
def test_the_audit_line_has_all_that_the_source_said(device, source, before):
    device.write_text(f'<interface type="network">{source}</interface>')
    assert call_hook(device).stderr == f"extnet: vNIC: {before} -> network 'glitter'\n"


@pytest.mark.parametrize(("mac", "named"), [('<mac address="52:54"/>', " 52:54"), ("", "")])
def test_a_refusal_names_the_vnic_its_vm_and_the_network(device, mac, named):
    device.write_text(f"<interface>{mac}</interface>")
    line = call_hook(device, environ={"vmId": VM}).stderr
    assert line.startswith(f"extnet: vNIC{named} of VM {VM}: not moved to network 'glitter', ")


def test_readme_has_no_refusal_that_the_hook_does_not_have():
    code = ast.unparse(ast.parse(HOOK.read_text(encoding="utf-8")))  # each text in one line
    code = code.replace("{CHECK}", load().CHECK)
    for words in readme.refusals().values():
        reason = words.split(", because ")[1]
        assert [piece for piece in reason.split("…") if piece.strip("(): ") not in code] == []


HOSTILE = "x\r\nextnet: forged\u2028\u0085\x1b[2J\u202e\u2066\ufeff\ue000"


@pytest.mark.parametrize("extnet", ["glitter", "a/b", HOSTILE])
def test_no_value_breaks_out_of_its_line(device, extnet, python):
    hostile = HOSTILE.replace("\x1b", "")
    for content in (
        VNIC.replace(b"52:54:00:59:f5:3f", hostile.encode()),
        VNIC.replace(b"ovirtmgmt", hostile.encode()),
        VNIC.replace(b'"bridge"', f'"{hostile}"'.encode()).replace(b"bridge=", b"b="),
        VNIC.replace(b"<source", f"<x{hostile} <source".encode()),
        f'<?xml version="1.0" encoding="{HOSTILE}"?>'.encode() + VNIC,
    ):
        device.write_bytes(content)
        line = call_hook(device, extnet=extnet, python=python, environ={"vmId": HOSTILE}).stderr
        assert (line[:8], line[-1]) == ("extnet: ", "\n")
        assert line[:-1].isprintable()


def test_a_path_does_not_break_out_of_its_line(tmp_path, python):
    line = call_hook(tmp_path / HOSTILE, python=python).stderr
    assert line[:-1].isprintable()
    readme.refusal(line.removesuffix("\n"))


def test_what_a_log_cannot_show_is_shown_as_python_writes_it(device):
    line = call_hook(device, environ={"vmId": "a\n\x7f\u2028b"}).stderr
    assert r" of VM a\n\x7f\u2028b: " in line


def test_what_is_not_utf_8_does_not_matter(device, tmp_path):
    assert r"/\udcff' cannot be read" in call_hook(tmp_path / os.fsdecode(b"\xff")).stderr
    assert r" of VM \udcff: " in call_hook(device, environ={b"vmId": b"\xff"}).stderr


def test_a_line_is_written_at_once(device):
    read, write = os.pipe2(os.O_DIRECT)  # of which a read gives what one write wrote
    call_hook(device, environ={"vmId": "v" * 3000}, capture_output=False, stderr=write)
    line = os.read(read, 8192)
    os.close(read)
    os.close(write)
    assert line.startswith(b"extnet: ")
    assert line.endswith(b" -> network 'glitter'\n")


@pytest.mark.parametrize(("content", "status"), [(VNIC, 0), (b"no XML", 2)])
@pytest.mark.parametrize("closing", ["2>&-", "0<&- 1>&- 2>&-", "2>/dev/full"])
def test_a_stderr_that_takes_nothing_changes_nothing(device, content, status, closing, python):
    device.write_bytes(content)
    command = f'exec "$0" -IS "$1" {closing}'
    environ = {"extnet": "glitter", "_hook_domxml": str(device)}
    done = subprocess.run(["/bin/sh", "-c", command, python, HOOK], env=environ, check=False)
    assert done.returncode == status
    assert device.read_bytes() == (ON_GLITTER if status == 0 else content)


def test_a_reader_that_has_gone_changes_nothing(device):
    read, write = os.pipe()
    os.close(read)
    assert call_hook(device, capture_output=False, stderr=write).status == 0
    os.close(write)
    assert device.read_bytes() == ON_GLITTER
