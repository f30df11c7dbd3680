# SPDX-License-Identifier: GPL-2.0-or-later
"""Run by hand, the hook prints its help, and the example in the help works."""

import sys

import commands
import pytest
from hook import VNIC, call_hook
from paths import HOOK


def test_without_a_variable_it_prints_its_help(python):
    status, stderr, stdout = call_hook(None, extnet=None, python=python)
    assert (status, stderr) == (0, "")
    for told in "Vdsm runs this hook", "stderr", "vdsm.log", "status 2", "README.md":
        assert told in stdout


@pytest.mark.parametrize("argument", ["--help", "-h", "vnic.xml", ""])
def test_with_any_argument_it_prints_its_help_and_does_nothing_else(python, device, argument):
    done = call_hook(device, python=python, script=(HOOK, argument))
    assert done == call_hook(None, extnet=None, python=python)
    assert device.read_bytes() == VNIC


def test_the_example_works_from_any_folder_and_leaves_no_file_there(tmp_path):
    # As README says to run it, in a clone.
    help_ = call_hook(None, None, script=("./50_extnet", "--help"), cwd=HOOK.parent).stdout
    example = help_.split("To try the hook by hand:\n")[1]
    example = example.replace(f"'{HOOK}'", f"{sys.executable} -IS '{HOOK}'")
    folder = tmp_path / "any"
    folder.mkdir()
    done = commands.run("/bin/sh", "-ec", example, cwd=folder, env={"TMPDIR": str(tmp_path)})
    assert done.stdout == '<interface type="network"><source network="glitter"/></interface>\n'
    assert done.stderr == "extnet: bridge 'ovirtmgmt' -> libvirt network 'glitter' (vNIC)\n"
    assert not list(folder.iterdir())
