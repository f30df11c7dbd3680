# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what a call of the hook costs, as whole processes, against the least it could cost.

The least is a Python that does nothing, and for a rewrite one that imports minidom and no more.
Prints Markdown. Neither pyperf nor hyperfine runs commands in turn, one of each in every round, so
that the load of the machine falls on all alike; and pyperf takes no CPU time: hence os.wait4.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOOK = Path(__file__).resolve().parents[2] / "50_extnet"
VNIC = (HOOK.parent / "tests" / "vnics" / "rewritten" / "vdsm-start-in.xml").read_bytes()
CALLS = 200  # at once, as after a host has come back
NOTHING, PARSER = "pass", "import xml.dom.minidom, xml.dom.expatbuilder"

CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

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
    """Run a command; return (CPU seconds, wall seconds). It has to succeed."""
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, wall


class Bench:
    """An interpreter, a device file, and what is measured with them."""

    def __init__(self, python, folder):
        """Python: the path of an interpreter; folder: one to put device files in."""
        self.python = [os.path.realpath(shutil.which(python)), "-IS"]
        self.hook = [*self.python, str(HOOK)]
        self.device = folder / "vnic.xml"

    def environ(self, device):
        """Return the environment in which the hook rewrites a device file."""
        return {"extnet": "glitter", "_hook_domxml": str(device)}

    def rewrite(self, content=VNIC):
        """Rewrite a device; return (CPU seconds, wall seconds)."""
        self.device.write_bytes(content)
        return spawn(self.hook, self.environ(self.device))

    def calls(self):
        """Return what is run in turn: {name: a function without arguments}."""
        return {
            "floor": lambda: spawn([*self.python, "-c", NOTHING], {}),
            "nothing": lambda: spawn(self.hook, {}),
            "parser": lambda: spawn([*self.python, "-c", PARSER], {}),
            "rewrite": self.rewrite,
        }

    def ratios(self, runs):
        """Return {"nothing" and "rewrite": (ratio of CPU, of wall)}, medians of runs in turn."""
        taken = {name: [] for name in self.calls()}
        for _ in range(runs):
            for name, call in self.calls().items():
                taken[name].append(call())
        median = {
            name: [statistics.median(kind) for kind in zip(*times, strict=True)]
            for name, times in taken.items()
        }

        def ratio(name, floor):
            return [a / b for a, b in zip(median[name], median[floor], strict=True)]

        return {"nothing": ratio("nothing", "floor"), "rewrite": ratio("rewrite", "parser")}

    def peaks(self):
        """Return the peak memory of each call, in MiB: {name: float}."""

        def peak(code, environ):
            self.device.write_bytes(VNIC)
            command = [*self.python, "-c", PEAK, code]
            done = subprocess.run(command, env=environ, capture_output=True, check=True)
            return int(done.stdout) / 1024

        hook, environ = HOOK.read_text(encoding="utf-8"), self.environ(self.device)
        codes = {"floor": (NOTHING, {}), "nothing": (hook, {}), "parser": (PARSER, {})}
        codes["rewrite"] = (hook, environ)
        return {
            name: statistics.median(peak(*code) for _ in range(9)) for name, code in codes.items()
        }

    def instructions(self):
        """Return the number of instructions of each call, by callgrind: {name: int}."""
        counts = {}
        commands = {
            "floor": [*self.python, "-c", NOTHING],
            "nothing": self.hook,
            "parser": [*self.python, "-c", PARSER],
            "rewrite": self.hook,
        }
        for name, command in commands.items():
            self.device.write_bytes(VNIC)
            environ = self.environ(self.device) if name == "rewrite" else {}
            done = subprocess.run(
                [*CALLGRIND, *command],
                env={"PATH": os.environ["PATH"], **environ},
                capture_output=True,
                text=True,
                check=True,
            )
            counts[name] = int(re.search(r"Collected : (\d+)", done.stderr)[1])
        return counts


SHAPES = {
    "elements": lambda size: b'<a b="c"/>\n' * (size // 11),
    "one text": lambda size: b"<a>" + b"x" * size + b"</a>",
    "one text in lines": lambda size: b"<a>" + (b"x" * 99 + b"\n") * (size // 100) + b"</a>",
    "one attribute": lambda size: b'<a b="' + b"x" * size + b'"/>',
    "one comment": lambda size: b"<!--" + b"x" * size + b"-->",
}


def growth(bench):
    """Print how the CPU time of a rewrite grows with the device."""
    sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    print("| device | " + " | ".join(f"{size // 1000:,} kB" for size in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    for shape, make in SHAPES.items():
        taken = []
        for size in sizes:
            content = VNIC.replace(b"</interface>", make(size) + b"</interface>")
            runs = 20 if size < 1_000_000 else 1
            taken.append(statistics.median(bench.rewrite(content)[0] for _ in range(runs)))
        print(f"| {shape} | " + " | ".join(f"{one / taken[0]:,.1f}" for one in taken) + " |")


def together(bench, folder):
    """Print how long that many rewrites take, 1, 2 and 16 at a time."""
    taken = {}
    for many in (1, 2, 16):
        devices = [folder / f"{number}.xml" for number in range(CALLS)]
        for device in devices:
            device.write_bytes(VNIC)
        commands, environs = [bench.hook] * CALLS, map(bench.environ, devices)
        start = time.perf_counter()
        with ThreadPoolExecutor(many) as pool:
            list(pool.map(spawn, commands, environs))
        taken[many] = time.perf_counter() - start
        if not all(b'network="glitter"' in device.read_bytes() for device in devices):
            raise SystemExit("not every device was rewritten")
    print("| calls at a time | " + " | ".join(map(str, taken)) + " |")
    print("|---|" + "---:|" * len(taken))
    print("| wall time | " + " | ".join(f"{one / taken[1]:.2f}" for one in taken.values()) + " |")


def costs(bench, version, runs):
    """Print what a call costs with an interpreter, a line for each situation."""
    ratios, peaks = bench.ratios(runs), bench.peaks()
    counts = bench.instructions() if shutil.which("valgrind") else {}
    for name, floor, title in [
        ("nothing", "floor", "nothing to do"),
        ("rewrite", "parser", "a rewrite"),
    ]:
        cpu, wall = ratios[name]
        count = f"{counts[name] / counts[floor]:.3f}" if counts else "no valgrind"
        print(
            f"| {version} | {title} | {cpu:.2f} | {wall:.2f} | {peaks[name] / peaks[floor]:.2f}"
            f" ({peaks[name]:.1f} MiB) | {count} |",
            flush=True,
        )


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="*", default=[sys.executable], help="interpreters")
    parser.add_argument("--runs", type=int, default=200, help="of each command, in turn")
    options = parser.parse_args()
    print(f"Medians of {options.runs} runs of each in turn, as multiples of the floor:\n")
    print("| Python | a call with | CPU time | wall time | peak memory | instructions |")
    print("|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        benches = [Bench(python, Path(folder)) for python in options.pythons]
        for bench in benches:
            version = [*bench.python, "-c", "import sys; print(sys.version.split()[0])"]
            costs(bench, subprocess.check_output(version, text=True).strip(), options.runs)
        print("\nCPU time of a rewrite, as a multiple of that with 1 kB more of device:\n")
        growth(benches[0])
        print(f"\nWall time of {CALLS} rewrites, as a multiple of that one after the other:\n")
        together(benches[0], Path(folder))


if __name__ == "__main__":
    main()
