# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing: change 50_extnet in small ways, and see its tests fail each time.

A change is made in the syntax tree, so a mutant has no comments. It replaces the hook in a copy of
the repository, where pytest runs tests/hook with the oldest Python of this machine.
"""

import ast
import difflib
import itertools
import operator
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", ".hypothesis")
# One quick test notices most mutants, so it comes first. The tests take 8 s on an idle machine. If
# they take too long, timeout exits with 124, and SIGINT lets them end what they started.
TESTS = ["tests/hook/test_coverage.py", "tests/hook", "--one-python", "--hypothesis-profile=quick"]
COMMAND = ["timeout", "--signal=INT", "180", sys.executable, "-m", "pytest", "-qx", *TESTS]

EQUIVALENT = {  # mutations that are skipped, because no test could notice them
    "return None": "a function returns None by itself",
    "'x0'": "what is stripped of these letters has no capital letters to be stripped of",
}
OTHER = {bool: operator.not_, int: (1).__add__, str: "XX{}XX".format, bytes: b"XX%bXX".__mod__}
SWAPPED = {ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.And: ast.Or, ast.Add: ast.Sub}
SWAPPED |= {ast.In: ast.NotIn}  # codespell:ignore notin
SWAPPED |= {new: old for old, new in SWAPPED.items()}


def changes(node):
    """Yield each change of a node of the syntax tree: one of its fields, and another value."""
    match node:
        case ast.Constant(value=value) if type(value) in OTHER and repr(value) not in EQUIVALENT:
            yield "value", OTHER[type(value)](value)
        case ast.FormattedValue(conversion=conversion) if conversion != -1:
            yield "conversion", -1
        case ast.BinOp(op=swapped) if type(swapped) in SWAPPED:
            yield "op", SWAPPED[type(swapped)]()
        case ast.Compare(ops=[swapped]) if type(swapped) in SWAPPED:
            yield "ops", [SWAPPED[type(swapped)]()]
        case ast.BoolOp(op=swapped, values=values):
            yield "op", SWAPPED[type(swapped)]()
            yield from (("values", values[:n] + values[n + 1 :]) for n in range(len(values)))
        case ast.If() | ast.IfExp():
            yield from (("test", ast.Constant(outcome)) for outcome in (False, True))
        case ast.comprehension(ifs=[_]):
            yield "ifs", []
        case ast.ExceptHandler(type=kinds):
            yield "body", [ast.Raise()]
            yield from (("type", kind) for kind in getattr(kinds, "elts", []))
    for field in "body", "orelse", "finalbody":
        block = getattr(node, field, None)
        for n, statement in enumerate(block if isinstance(block, list) else []):
            if ast.unparse(statement) not in EQUIVALENT:
                yield field, [*block[:n], ast.Pass(), *block[n + 1 :]]


def mutants(source):
    """Return the source code of the hook, then that of every mutant, each once."""
    tree, shebang = ast.parse(source), source.splitlines()[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.body[0] = ast.Pass()  # its docstring: no test would notice its absence
    found = {f"{shebang}\n{ast.unparse(tree)}\n": None}
    for node in list(ast.walk(tree)):
        for field, changed in changes(node):
            before = getattr(node, field)
            setattr(node, field, changed)
            found[f"{shebang}\n{ast.unparse(ast.fix_missing_locations(tree))}\n"] = None
            setattr(node, field, before)
    return list(found)


def unnoticed(mutant):
    """Return whether the tests pass, or time out, with a mutant in place of the hook."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(REPOSITORY, copy, ignore=LEFT_OUT, dirs_exist_ok=True)
        Path(copy, "50_extnet").write_text(mutant, encoding="utf-8")
        done = subprocess.run(COMMAND, cwd=copy, capture_output=True, check=False)
        passed = done.returncode == 0 and b" passed" in done.stdout  # No mutant ended pytest.
        return passed or done.returncode == 124


hook, *found = mutants((REPOSITORY / "50_extnet").read_text(encoding="utf-8"))
if not unnoticed(hook):
    sys.exit(f"the tests fail with the hook as it is: {' '.join(COMMAND)}")
with ThreadPoolExecutor(os.cpu_count()) as pool:
    survived = list(pool.map(unnoticed, found))
for mutant in itertools.compress(found, survived):
    lines = difflib.unified_diff(hook.splitlines(), mutant.splitlines(), n=0, lineterm="")
    print("no test fails with this change:", *list(lines)[3:], "", sep="\n")
print(f"The tests notice {survived.count(False)} of {len(found)} mutants.")
sys.exit(any(survived))
