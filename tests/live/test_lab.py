# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: what it leaves behind, and where it does not run. Tried within the lab."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run
from hook import REPOSITORY
from host import until

LAB = [sys.executable, REPOSITORY / "tests" / "live"]


def a_guest_runs():
    """Tell if there is a QEMU with a guest, and not one that libvirtd only asks for its version."""
    return run("sh", "-c", "grep -sl 'guest=[g]uest-' /proc/[0-9]*/cmdline", status=None).stdout


def configuration():
    """Return what is mounted, and which network interfaces and PID namespaces there are."""
    namespaces = run("sh", "-c", "readlink /proc/[0-9]*/ns/pid | sort -u").stdout
    return Path("/proc/self/mountinfo").read_text(), socket.if_nameindex(), namespaces


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_an_interrupted_lab_leaves_nothing_behind(sent):
    before = configuration()
    with subprocess.Popen([*LAB, "-k", "on_its_network"], process_group=0) as lab:
        until(lambda: a_guest_runs() or lab.poll() is not None, "a guest in the lab within the lab")
        assert lab.poll() is None
        os.kill(-lab.pid if sent == signal.SIGINT else lab.pid, sent)  # a terminal tells the group
    until(lambda: configuration() == before, "the lab within the lab to leave nothing behind")
    assert lab.returncode != 0


@pytest.mark.parametrize(
    ("wrapper", "environ", "message"),
    [
        ([], {"PATH": ""}, "needs a Debian 12 on x86_64, with apt"),
        (["unshare", "--user"], {}, "needs root"),
        ([], {"VDSM": "/nowhere"}, "VDSM=/nowhere is neither a source archive nor a git clone"),
        ([], {"VDSM": "", "XDG_CACHE_HOME": "/run/tmp/new"}, "needs the source of vdsm v4.50.7"),
    ],
)
def test_a_machine_without_it_is_told_what_the_lab_needs(wrapper, environ, message):
    done = run(*wrapper, *LAB, env={**os.environ, **environ}, status=1)
    assert done.stderr.startswith(f"check-live {message}")
    assert done.stderr.count("\n") == 1
