# SPDX-License-Identifier: GPL-2.0-or-later
"""A person runs the hook by hand: it shows its help, which works."""

import subprocess
import sys
from pathlib import Path

import commands
import pytest
import readme
from hook import VNIC, call_hook, load
from paths import HOOK

HELP = (0, "", load().__doc__ + "\n")


def test_without_a_variable_it_shows_its_help(python):
    assert call_hook(None, extnet=None, python=python) == HELP


@pytest.mark.parametrize("argument", ["--help", "-h", "vnic.xml", ""])
def test_with_any_argument_it_shows_its_help_and_does_nothing_else(python, device, argument):
    assert call_hook(device, python=python, script=(HOOK, argument)) == HELP
    assert device.read_bytes() == VNIC


def test_help_that_cannot_be_written_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = call_hook(None, None, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.status == 2
    assert done.stderr.startswith("extnet: a device: not moved to network '', because ")
    assert readme.values(done.stderr[:-1]) == ["OSError: [Errno 28] No space left on device"]


def test_what_help_says_to_try_works(tmp_path):
    tried = load().__doc__.split("To try it by hand:\n")[1]
    tried = tried.replace("./50_extnet", f"{sys.executable} -IS {HOOK}")
    shown = commands.run("/bin/sh", "-ec", tried, cwd=tmp_path).stdout
    assert shown == '<interface type="network"><source network="glitter"/></interface>\n'
