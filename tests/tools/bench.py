# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what a call of the hook costs, as whole processes, against the least it could cost.

The least is a Python that does nothing, and for a rewrite one that imports minidom and no more.
The commands are interleaved, one of each in every round, so that the machine's load affects all of
them equally. Neither pyperf nor hyperfine can do that, and pyperf does not measure CPU time.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

HOOK = Path(__file__).resolve().parents[2] / "50_extnet"
VNIC = HOOK.parent / "tests" / "vnics" / "rewritten" / "seed-in.xml"
ROUNDS = 200


def seconds(command, environ):
    """Run a command, which must succeed; return its CPU time."""
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def figures(python, device):
    """Print the cost of both kinds of call with an interpreter, relative to their minimum."""
    hook, plain = HOOK.read_text(encoding="utf-8"), {"_hook_domxml": str(device)}
    calls = {  # name: (code, environment)
        "floor": ("pass", {}),
        "nothing to do": (hook, plain),
        "minidom": ("import xml.dom.minidom, xml.dom.expatbuilder", {}),
        "a rewrite": (hook, {"extnet": "glitter", **plain}),
    }
    taken = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (code, environ) in calls.items():
            device.write_bytes(VNIC.read_bytes())
            command = [python, "-IS", *([str(HOOK)] if code is hook else ["-c", code])]
            taken[name].append(seconds(command, environ))
    for name, floor in ("nothing to do", "floor"), ("a rewrite", "minidom"):
        ratio = statistics.median(taken[name]) / statistics.median(taken[floor])
        print(f"{python}: {name}: {ratio:.2f}", flush=True)


print(f"CPU time, medians of {ROUNDS} calls in turn, as multiples of the least that Python takes:")
with tempfile.TemporaryDirectory() as folder:
    for python in sys.argv[1:] or [sys.executable]:
        figures(python, Path(folder, "vnic.xml"))
