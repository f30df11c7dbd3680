# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what a call of the hook costs, as whole processes, against the least it could cost.

The least is a Python that does nothing, and for a rewrite one that imports minidom and no more.
Neither pyperf nor hyperfine runs commands in turn, one of each in every round, so that the load of
the machine falls on all alike; and pyperf takes no CPU time: hence os.wait4.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

HOOK = Path(__file__).resolve().parents[2] / "50_extnet"
VNIC = HOOK.parent / "tests" / "vnics" / "rewritten" / "vdsm-start-in.xml"
ROUNDS = 200

# Runs Python code, and prints the peak of the process's memory. That of os.wait4 would not do: it
# counts the process before its exec, when it still is a copy of this one.
PEAK = """
import posix, sys
def leave(status):
    with open("/proc/self/status") as file:
        posix.write(1, file.read().split("VmHWM:")[1].split("kB")[0].encode())
    end(status)
end, posix._exit = posix._exit, leave
exec(compile(sys.argv.pop(1), "code", "exec"))
leave(0)
"""


def spawn(command, environ):
    """Run a command, which has to succeed; return (CPU seconds, what it printed)."""
    read, write = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, write, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawn(command[0], command, environ, file_actions=actions)
    os.close(write)
    _, status, usage = os.wait4(process, 0)
    with os.fdopen(read) as printed:
        if status:
            raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
        return usage.ru_utime + usage.ru_stime, printed.read()


def ratios(python, device):
    """Print what an interpreter takes for both kinds of call, against their floors."""
    plain = {"_hook_domxml": str(device)}
    rewriting = {"extnet": "glitter", **plain}
    hook = HOOK.read_text(encoding="utf-8")
    calls = {  # name: (code, environment)
        "floor": ("pass", {}),
        "nothing to do": (hook, plain),
        "minidom": ("import xml.dom.minidom, xml.dom.expatbuilder", {}),
        "a rewrite": (hook, rewriting),
    }
    seconds = {name: [] for name in calls}
    peaks = {name: [] for name in calls}
    for number in range(ROUNDS):
        for name, (code, environ) in calls.items():
            device.write_bytes(VNIC.read_bytes())
            command = [str(HOOK)] if code is hook else ["-c", code]
            seconds[name].append(spawn([python, "-IS", *command], environ)[0])
            if number < 9:
                device.write_bytes(VNIC.read_bytes())
                peaks[name].append(int(spawn([python, "-IS", "-c", PEAK, code], environ)[1]))
    for name, floor in ("nothing to do", "floor"), ("a rewrite", "minidom"):
        figures = [
            statistics.median(taken[name]) / statistics.median(taken[floor])
            for taken in (seconds, peaks)
        ]
        print(f"{python}: {name}: CPU time {figures[0]:.2f}, memory {figures[1]:.2f}", flush=True)


def main():
    """Print the figures of each interpreter named, or of this one."""
    print(f"Medians of {ROUNDS} calls in turn, as multiples of the least that Python takes:")
    with tempfile.TemporaryDirectory() as folder:
        for python in sys.argv[1:] or [sys.executable]:
            ratios(python, Path(folder, "vnic.xml"))


if __name__ == "__main__":
    main()
