# SPDX-License-Identifier: GPL-2.0-or-later
"""What Engine shows under Host Hooks, of a host where the hook was installed by its RPM."""

import hashlib

from commands import run
from hook import POINTS, REPOSITORY


def test_engine_is_told_of_the_hook_in_three_points_with_its_checksum(destination):
    committed = run("git", "-C", REPOSITORY, "show", "HEAD:50_extnet", text=False).stdout
    hook = {"50_extnet": {"checksum": hashlib.sha256(committed).hexdigest()}}
    assert destination.call("Host.getCapabilities")["hooks"] == dict.fromkeys(POINTS, hook)
    destination.run("rpm", "--verify", "vdsm-hook-extnet")
