# SPDX-License-Identifier: GPL-2.0-or-later
"""Wait for a condition."""

import time

DEADLINE = 180


def until(condition, what):
    """Return what condition() gives once that is true; raise TimeoutError, naming what, if late."""
    end = time.monotonic() + DEADLINE  # the machine may be busy with something else
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.1)
    return found
