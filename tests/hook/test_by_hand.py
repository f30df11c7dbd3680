# SPDX-License-Identifier: GPL-2.0-or-later
"""A person runs the hook by hand: it shows its help, which works."""

import sys

import commands
import pytest
from hook import HOOK, VNIC, call_hook, load

HELP = (0, "", load().__doc__ + "\n")


def test_without_a_variable_it_shows_its_help(python):
    assert call_hook(None, extnet=None, python=python) == HELP


@pytest.mark.parametrize("argument", ["--help", "-h", "vnic.xml", ""])
def test_with_any_argument_it_shows_its_help_and_does_nothing_else(python, device, argument):
    assert call_hook(device, python=python, script=(HOOK, argument)) == HELP
    assert device.read_bytes() == VNIC


def test_what_help_says_to_try_works(tmp_path):
    tried = load().__doc__.split("To try it by hand:\n")[1]
    tried = tried.replace("./50_extnet", f"{sys.executable} -IS {HOOK}")
    shown = commands.run("/bin/sh", "-ec", tried, cwd=tmp_path).stdout
    assert shown == '<interface type="network"><source network="glitter"/></interface>\n'
