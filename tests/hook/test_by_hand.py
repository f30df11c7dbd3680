# SPDX-License-Identifier: GPL-2.0-or-later
"""A person runs the hook by hand: it shows its help, which works, or says what is missing."""

import subprocess
import sys

import pytest
from hook import HOOK, VNIC, load, run


def by_hand(python, *arguments, **environ):
    """Run the hook with just these arguments and variables; return (status, stdout, stderr)."""
    command = [python, "-IS", HOOK, *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_without_a_variable_it_shows_its_help(python):
    assert by_hand(python) == (0, load().__doc__ + "\n", "")


@pytest.mark.parametrize("argument", ["--help", "-h", "vnic.xml", ""])
def test_with_any_argument_it_shows_its_help_and_does_nothing_else(python, device, argument):
    environ = {"extnet": "glitter", "_hook_domxml": str(device)}
    assert by_hand(python, argument, **environ) == (0, load().__doc__ + "\n", "")
    assert device.read_bytes() == VNIC


def test_without_docstrings_there_is_no_help_and_no_traceback():
    done = subprocess.run([sys.executable, "-OO", HOOK], env={}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("environ", [{}, {"_hook_domxml": ""}], ids=["unset", "empty"])
def test_without_a_device_file_it_says_which_variable_is_missing(environ, python):
    status, stdout, stderr = by_hand(python, extnet="glitter", **environ)
    assert (status, stdout) == (2, "")
    assert stderr.startswith(
        "extnet: a device: not moved to network 'glitter', because _hook_domxml"
    )


def test_what_help_says_to_try_works(tmp_path):
    commands = load().__doc__.split("To try it by hand:\n")[1]
    commands = commands.replace("./50_extnet", f"{sys.executable} -IS {HOOK}")
    tried = subprocess.run(
        ["/bin/sh", "-ec", commands], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert tried.stdout == '<interface type="network"><source network="glitter"/></interface>\n'


def test_vdsm_gets_no_help(device, python):
    assert run(device, extnet=None, python=python) == (0, "", "")
