# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever fails: one true line, and status 2 with the old file, or status 0 with the new one."""

import ast
import re
import signal

import pytest
import readme
from hook import ON_GLITTER, VNIC, call_hook
from paths import HOOK

CODE = HOOK.read_text(encoding="utf-8")
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
DEVICE = "extnet: a device: not moved to network 'glitter'"
ON_BRIDGE = "extnet: vNIC 52:54:00:59:f5:3f: not moved to network 'glitter'"
NO_MEMORY = "extnet: a device: not moved to network (see its profile)"
FILE = "'vnic.xml'", "Too many open files"


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        (IMPORT, "ImportError('no\\\\nsegment')", [DEVICE, r"ImportError: no\nsegment"]),
        (IMPORT, "OSError(5, 'I/O')", [DEVICE, "OSError: [Errno 5] I/O"]),
        (IMPORT, "MemoryError", [NO_MEMORY]),
        (OPEN, "RuntimeError('no lock')", [DEVICE, "RuntimeError: no lock"]),
        (OPEN, "OSError(24, 'Too many open files')", [DEVICE, *FILE]),
        (PARSER, "ExpatError('out of memory: line 1, column 0')", [NO_MEMORY]),
        (RENAME, "OSError(24, 'Too many open files')", [ON_BRIDGE, *FILE]),
        (RENAME, "MemoryError", [NO_MEMORY]),
    ],
)
def test_whatever_is_raised_is_refused_for_what_an_admin_can_do(place, error, said, device):
    script = "-c", FAIL.format(error=error) + place + "\n" + CODE
    done = call_hook(device.name, script=script, cwd=device.parent)
    start = done.stderr.partition(", because ")[0]
    assert (done.status, [start, *readme.values(done.stderr[:-1])]) == (2, said)
    assert (device.read_bytes(), list(device.parent.iterdir())) == (VNIC, [device])


EACH_ALLOCATION = """
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


def test_a_single_failed_allocation_is_told_in_one_true_line(device, python):
    """No traceback names the hook. A Python without _testcapi shows nothing.

    If the first call of posix._exit fails, as it can before Python 3.8, a second line follows.
    """
    device.write_bytes(VNIC.replace(b"ovirtmgmt", b"o" * 300))  # a line that is no small object
    before = device.read_bytes()
    done = call_hook(device, python=python, script=("-c", EACH_ALLOCATION, HOOK))
    outcomes = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    for status, stderr, after in outcomes:
        assert status in (0, 2, -signal.SIGSEGV)  # Python itself may crash
        assert not re.search(r'50_extnet", line \d+, in ', stderr)
        assert after == (before if status else ON_GLITTER)
        if status == 2:
            lines = stderr.removesuffix("\n").split("\n")
            values = [value for line in lines for value in readme.values(line)]
            assert all(re.match(r"\w+Error: ", value) for value in values)
        elif status == 0:
            assert re.fullmatch("(extnet: .* -> network 'glitter'\n)?", stderr)
    assert outcomes.count((0, "", ON_GLITTER)) <= 1  # where even the call that writes it failed
    assert {0, 2} <= {status for status, _, _ in outcomes} or "_testcapi" in done.stderr, done
