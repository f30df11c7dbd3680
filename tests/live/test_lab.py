# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: what it leaves behind, and where it does not run. Tried within the lab."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hook import REPOSITORY
from waiting import until

LAB = [sys.executable, REPOSITORY / "tests" / "live"]


def strangers():
    """Return the command lines of the processes in PID namespaces other than this one."""
    own, found = Path("/proc/self/ns/pid").readlink(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/pid").readlink() != own:
                found.append((process / "cmdline").read_bytes())
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended meanwhile
    return found


def a_guest_runs():
    """Tell if there is a QEMU with a guest, and not one that libvirtd only asks for its version."""
    return any(b"guest=guest-" in command for command in strangers())


def configuration():
    """Return what is mounted and which network interfaces there are."""
    return Path("/proc/self/mountinfo").read_text(), socket.if_nameindex()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_an_interrupted_lab_leaves_nothing_behind(sent):
    before = configuration()
    command = [*LAB, "-k", "test_start and on_its_network"]
    with subprocess.Popen(command, process_group=0) as lab:
        until(lambda: a_guest_runs() or lab.poll() is not None, "a guest in the lab within the lab")
        assert lab.poll() is None
        if sent == signal.SIGINT:
            os.killpg(lab.pid, sent)  # as a terminal does
        else:
            lab.send_signal(sent)
    until(lambda: not strangers(), "the lab within the lab to end")
    assert lab.returncode != 0
    assert configuration() == before


@pytest.mark.parametrize(
    ("wrapper", "environ", "message"),
    [
        ([], {"PATH": ""}, "needs a Debian 12 on x86_64, with apt"),
        (["unshare", "--user"], {}, "needs root"),
        ([], {"VDSM": "/nowhere"}, "VDSM=/nowhere is neither a source archive nor a git clone"),
        ([], {"VDSM": "", "XDG_CACHE_HOME": "/run/tmp/new"}, "needs the source of vdsm v4.50.7"),
    ],
    ids=["apt", "root", "no source", "no network"],
)
def test_a_machine_without_it_is_told_what_the_lab_needs(wrapper, environ, message):
    environ = {**os.environ, **environ}
    done = subprocess.run(
        [*wrapper, *LAB], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"check-live {message}")
    assert done.stderr.count("\n") == 1
