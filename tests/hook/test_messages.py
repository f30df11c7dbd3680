# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook says: one line, which no value can break out of; none where nothing was done."""

import os
import subprocess
import sys

import pytest
from hook import HOOK, ON_GLITTER, VNIC, load, run

VM = "9e5f1c66-4e0c-4a2b-8d6e-6a2e0c3b7d11"


def test_the_audit_line_names_the_vnic_its_vm_the_old_source_and_the_network(device, python):
    assert run(device, python=python, environ={"vmId": VM}).stderr == (
        f"extnet: vNIC 52:54:00:59:f5:3f of VM {VM}: bridge 'rhevm' -> network 'glitter'\n"
    )


@pytest.mark.parametrize("environ", [{}, {"vmId": ""}])
def test_the_audit_line_names_no_vm_where_vdsm_gives_none(device, environ):
    assert run(device, environ=environ).stderr == (
        "extnet: vNIC 52:54:00:59:f5:3f: bridge 'rhevm' -> network 'glitter'\n"
    )


def test_a_refusal_names_the_vnic_and_its_vm(device):
    device.write_bytes(VNIC.replace(b"bridge", b"hostdev", 1))
    line = run(device, environ={"vmId": VM}).stderr
    assert line.startswith(f"extnet: vNIC 52:54:00:59:f5:3f of VM {VM}, type 'hostdev', ")


HOSTILE = "x\r\nextnet: forged\u2028\u0085\x1b[2J\u202e\u2066\ufeff\ue000"


@pytest.mark.parametrize("extnet", ["glitter", "a/b", HOSTILE])
def test_no_value_breaks_out_of_its_line(device, extnet, python):
    escaped = HOSTILE.translate({ord(c): f"&#{ord(c)};" for c in "\r\n"})
    for hostile in (
        VNIC.replace(b"52:54:00:59:f5:3f", escaped.replace("\x1b", "").encode()),
        VNIC.replace(b"rhevm", escaped.replace("\x1b", "").encode()),
        VNIC.replace(b'"bridge"', f'"{escaped}"'.replace("\x1b", "").encode()),
        VNIC.replace(b"<source", f"<x{escaped} <source".encode()),
        f'<?xml version="1.0" encoding="{HOSTILE}"?>'.encode() + VNIC,
    ):
        device.write_bytes(hostile)
        line = run(device, extnet=extnet, python=python, environ={"vmId": HOSTILE}).stderr
        assert line.startswith("extnet: ")
        assert line.endswith("\n")
        assert line[:-1].isprintable()


def test_a_path_does_not_break_out_of_its_line(tmp_path, python):
    line = run(tmp_path / HOSTILE, python=python).stderr
    assert line[:-1].isprintable()
    assert line.startswith("extnet: No such file or directory: _hook_domxml='")


def test_what_a_log_cannot_show_is_shown_as_python_writes_it(device):
    line = run(device, environ={"vmId": "a\n\x7f\u2028b"}).stderr
    assert r" of VM a\n\x7f\u2028b: " in line


def test_a_path_that_is_not_utf_8_is_shown(tmp_path):
    line = run(tmp_path / os.fsdecode(b"\xff")).stderr
    assert r"/\\xff'; " in line


def test_a_vm_that_is_not_utf_8_does_not_matter(device):
    assert " of VM \ufffd: " in run(device, environ={b"vmId": b"\xff"}).stderr


def test_a_line_is_written_at_once(device):
    read, write = os.pipe2(os.O_DIRECT)  # of which a read gives what one write wrote
    run(device, environ={"vmId": "v" * 3000}, capture_output=False, stderr=write)
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
    assert run(device, capture_output=False, stderr=write).status == 0
    os.close(write)
    assert device.read_bytes() == ON_GLITTER


def test_what_stands_for_a_reference_cannot_be_guessed():
    assert load().MARK != load().MARK
    assert len(load().MARK) > 32


def test_help_says_what_it_does_and_how_to_try_it(python, tmp_path):
    done = run(tmp_path / "nothing.xml", python=python, arguments=["--help"])
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == load().__doc__


def test_what_help_says_to_try_works(tmp_path):
    done = run("", extnet=None, arguments=["--help"])
    commands = done.stdout.split("To try it by hand:\n")[1]
    commands = commands.replace("./50_extnet", f"{sys.executable} -IS {HOOK}")
    tried = subprocess.run(
        ["/bin/sh", "-ec", commands], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert tried.stdout == '<interface type="network"><source network="glitter"/></interface>\n'
