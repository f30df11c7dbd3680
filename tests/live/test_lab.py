# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: what it leaves behind, and what it says where it cannot run."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from agent import until
from commands import run
from hook import REPOSITORY

LIVE = REPOSITORY / "tests" / "live"
# What a lab does, in short: it mounts, makes a NIC, and has a daemon.
SHORT = "mount -t tmpfs x /mnt && ip link add x type bridge && setsid sleep 1000 & sleep 1000"
RUN = f"import runpy; runpy.run_path({str(LIVE)!r})['run_in_namespaces'](['sh', '-c', {SHORT!r}])"


def sleepers():
    """Return the processes of SHORT that are there."""
    return run("sh", "-c", "grep -slxz 100[0] /proc/[0-9]*/cmdline", status=None).stdout.split()


def configuration():
    """Return what is mounted, which network interfaces there are, and whether SHORT runs."""
    return Path("/proc/self/mountinfo").read_text(), socket.if_nameindex(), sleepers()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_an_interrupted_lab_leaves_nothing_behind(sent):
    before = configuration()
    with subprocess.Popen([sys.executable, "-c", RUN], process_group=0) as lab:
        until(lambda: len(sleepers()) == 2 or lab.poll() is not None, "the daemon in the lab")
        assert lab.poll() is None
        os.kill(-lab.pid if sent == signal.SIGINT else lab.pid, sent)  # a terminal tells the group
    until(lambda: configuration() == before, "the lab to leave nothing behind")


@pytest.mark.parametrize(
    ("wrapper", "environ", "message"),
    [
        ([], {"PATH": ""}, "needs Debian 12 or 13 on x86_64, and of its packages: "),
        (["unshare", "--user"], {}, "needs root"),
        ([], {"VDSM": "/nowhere"}, "found no Vdsm in VDSM=/nowhere: there is no /nowhere/usr/lib"),
    ],
)
def test_a_machine_without_it_is_told_what_the_lab_needs(wrapper, environ, message):
    done = run(*wrapper, sys.executable, LIVE, env={**os.environ, **environ}, status=1)
    assert done.stderr.startswith(f"check-live {message}")
    assert done.stderr.count("\n") == 1
