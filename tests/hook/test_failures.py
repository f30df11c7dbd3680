# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever fails: one true line, and status 2 with the old file, or status 0 with the new one.

Python itself can fail before the hook's first line, or crash. Then no traceback names the hook.
"""

import ast
import re
import resource
import subprocess

import pytest
import readme
from hook import HOOK, ON_GLITTER, VNIC, Done, call_hook

CODE = HOOK.read_text(encoding="utf-8")
DEVICE = "extnet: a device: not moved to network"
NO_MEMORY = f"{DEVICE} (see its profile), because the VM's host is out of memory: "
PYTHON = f"{DEVICE} 'glitter', because Python on the VM's host failed ({{}}): "
FILE = "the device's file '{}' cannot be read or replaced (Too many open files): "

FAIL = """
import builtins, posix, sys
from xml.parsers.expat import ExpatError
def fail(*arguments, **options):
    raise {error}
"""
IMPORT = "sys.meta_path.insert(0, type('Broken', (), {'find_spec': fail}))"
OPEN = "builtins.open = fail"
PARSER = "import xml.dom.expatbuilder; xml.dom.expatbuilder.parseString = fail"
RENAME = "posix.rename = fail"


@pytest.mark.parametrize(
    ("place", "error", "why"),
    [
        (IMPORT, "ImportError('no segment')", PYTHON.format("ImportError: no segment")),
        (IMPORT, "ModuleNotFoundError('xml')", PYTHON.format("ModuleNotFoundError: xml")),
        (IMPORT, "SystemError('no\\\\nerror')", PYTHON.format("SystemError: no\\nerror")),
        (IMPORT, "OSError(5, 'I/O')", PYTHON.format("OSError: [Errno 5] I/O")),
        (IMPORT, "MemoryError", NO_MEMORY),
        (OPEN, "RuntimeError('no lock')", PYTHON.format("RuntimeError: no lock")),
        (OPEN, "OSError(24, 'Too many open files')", FILE),
        (OPEN, "MemoryError", NO_MEMORY),
        (PARSER, "RuntimeError('no parser')", PYTHON.format("RuntimeError: no parser")),
        (PARSER, "ExpatError('out of memory: line 1, column 0')", NO_MEMORY),
        (RENAME, "KeyError(1)", PYTHON.format("KeyError: 1")),
        (RENAME, "OSError(24, 'Too many open files')", FILE),
        (RENAME, "MemoryError", NO_MEMORY),
    ],
)
def test_whatever_is_raised_is_refused_for_what_an_admin_can_do(place, error, why, device):
    done = call_hook(device, script=("-c", FAIL.format(error=error) + place + "\n" + CODE))
    assert done.status == 2
    assert why.format(device) in done.stderr
    readme.refusal(done.stderr.removesuffix("\n"))
    assert (device.read_bytes(), list(device.parent.iterdir())) == (VNIC, [device])


def assert_true(done, before, after):
    """Assert that a call did what it said; before, after: what the device file had, and has."""
    *lines, last = done.stderr.split("\n")
    assert not re.search(r'50_extnet", line \d+, in ', done.stderr)
    if done.status == 0:
        assert after == ON_GLITTER
        assert done.stderr == "" or (last == "" and lines[0].endswith(" -> network 'glitter'"))
    else:
        assert after == before
    if done.status == 2:
        assert last == ""
        assert {"the device XML" in readme.refusal(line) for line in lines} == {False}


def peak(python):
    """Return how many bytes of memory Python takes at most to do nothing."""
    script = "print([line for line in open('/proc/self/status') if line[:6] == 'VmPeak'][0])"
    return int(call_hook(None, python=python, script=("-c", script)).stdout.split()[1]) * 1024


def limited(device, python, memory):
    """Call the hook with a limit to its memory; return a Done, of status 1 if it never ends."""
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))}
    try:
        return call_hook(device, python=python, timeout=10, **limit)
    except subprocess.TimeoutExpired:  # Python 3.11 and 3.12 can loop without end
        return Done(1, "", "")


def test_too_little_memory_is_told_in_one_line(device, python):
    seen = set()
    for memory in range(peak(python), peak(python) + 4_000_000, 150_000):
        device.write_bytes(VNIC)
        done = limited(device, python, memory)
        assert_true(done, VNIC, device.read_bytes())
        assert list(device.parent.iterdir()) == [device]
        seen.add(done.status)
    assert {0, 2} <= seen


SINGLE = """
import posix, sys, _testcapi, xml.dom.expatbuilder
code, path = sys.argv[1], posix.environ[b"_hook_domxml"]
first, mark, rest = open(code).read().partition("sys.excepthook = give_up")
first, rest = compile(first + mark, code, "exec"), compile(rest, code, "exec")
before = open(path, "rb").read()
sys.argv[1:] = []
for number in range(0, 500, 2):
    with open(path, "wb") as file:
        file.write(before)
    read, write = posix.pipe()
    child = posix.fork()
    if not child:
        posix.dup2(write, 2)
        exec(first)
        _testcapi.set_nomemory(number, number + 1)
        exec(rest)
    posix.close(write)
    stderr = open(read, "rb").read().decode()
    status = posix.waitpid(child, 0)[1]
    print((status >> 8 or -status, stderr, open(path, "rb").read()))
"""


def test_a_single_failed_allocation_is_told_in_one_line(device, python):
    """Before the hook has set its excepthook, Python fails. Debian's Python has no _testcapi."""
    # If the first call of posix._exit fails, as it can before Python 3.8, a second line follows.
    device.write_bytes(VNIC.replace(b"ovirtmgmt", b"o" * 300))  # a line that is no small object
    before = device.read_bytes()
    done = call_hook(device, python=python, script=("-c", SINGLE, HOOK))
    outcomes = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    for status, stderr, after in outcomes:
        assert_true(Done(status, stderr, ""), before, after)
    assert outcomes.count((0, "", ON_GLITTER)) <= 1  # where even the call that writes it failed
    assert {0, 2} <= {status for status, _, _ in outcomes} or "_testcapi" in done.stderr, done
