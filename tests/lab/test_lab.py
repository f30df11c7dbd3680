# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab says where it cannot run."""

import os
import sys

import pytest
from commands import run
from paths import REPOSITORY

LAB = REPOSITORY / "tests" / "lab"


@pytest.mark.parametrize(
    ("wrapper", "environ", "message"),
    [
        ([], {"PATH": ""}, "needs Debian 12 or 13 on x86_64, and of its packages: "),
        (["unshare", "--user"], {}, "needs root"),
        ([], {"VDSM": "/nowhere"}, "found no Vdsm in VDSM=/nowhere: there is no /nowhere/usr/lib"),
    ],
)
def test_a_machine_without_it_is_told_what_the_lab_needs(wrapper, environ, message):
    done = run(*wrapper, sys.executable, LAB, env={**os.environ, **environ}, status=1)
    assert done.stderr.startswith(f"check-live {message}")
    assert done.stderr.count("\n") == 1
