# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a condition, on a machine that may be busy with something else."""

import time

DEADLINE = 180


def until(condition, what):
    """Return what condition() gives once that is true; raise TimeoutError, naming what, if late."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.1)
    return found
