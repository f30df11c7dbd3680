# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing: change 50_extnet in every small way there is, and see its tests fail each time.

A change is made in the syntax tree, so a mutant has no comments. It takes the hook's place in a
copy of the repository, where pytest runs tests/hook with the oldest Python of this machine.

usage: mutants.py [N]   try each Nth change only
"""

import ast
import difflib
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

import coverage  # noqa: F401 (here, once, for all the copies of this process)
import hypothesis  # noqa: F401
import lxml.etree  # noqa: F401
import pytest
import pytest_httpserver  # noqa: F401

REPOSITORY = Path(__file__).resolve().parents[2]
COPIES = REPOSITORY / "build" / "mutants"
EQUIVALENT = Path(__file__).with_name("mutants-equivalent.txt")

MOST, ALL = "tests/hook/test_coverage.py", "tests/hook"  # one quick test notices most mutants
OPTIONS = ["-qx", "--one-python", "--hypothesis-profile=quick"]
PATIENCE = 180  # seconds; the tests take 7 where nothing else runs
SURVIVED = 77  # an exit status that no mutant ends with

SWAPPED = {ast.Add: ast.Sub, ast.Mult: ast.Div, ast.BitAnd: ast.BitOr, ast.And: ast.Or}
SWAPPED |= {ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.Lt: ast.LtE, ast.Gt: ast.GtE}
SWAPPED |= {ast.In: ast.NotIn}  # codespell:ignore notin
SWAPPED |= {new: old for old, new in SWAPPED.items()}
METHODS = {"lower": "upper", "lstrip": "rstrip", "find": "rfind", "index": "rindex"}
METHODS |= {"partition": "rpartition", "split": "rsplit", "startswith": "endswith"}
METHODS |= {new: old for old, new in METHODS.items()}
NOTHING = ast.Constant(None)


def but(node, **fields):
    """Return a copy of a node with other values in some of its fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def less(items):
    """Yield a list without each of its items in turn; nothing for a list of one."""
    if len(items) > 1:
        yield from (items[:number] + items[number + 1 :] for number in range(len(items)))


def changes(node):  # noqa: PLR0912 (a case for each kind of node)
    """Yield what is put in the place of a node of the syntax tree."""
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value) | bytes(value)):
            mark = "XX" if isinstance(value, str) else b"XX"
            yield ast.Constant(mark + value + mark)
            if value != "utf-8":  # Python knows it by either name
                yield from (ast.Constant(value.lower()), ast.Constant(value.upper()))
        case ast.FormattedValue(conversion=conversion) if conversion != -1:
            yield but(node, conversion=-1)  # a value as it is could break out of its line
        case ast.Call(args=args, keywords=keywords):
            for number in range(len(args)):
                yield but(node, args=[*args[:number], NOTHING, *args[number + 1 :]])
            for fewer in less(args + keywords):
                kept = [[one for one in part if one in fewer] for part in (args, keywords)]
                yield but(node, args=kept[0], keywords=kept[1])
        case ast.Attribute(attr=method) if method in METHODS:
            yield but(node, attr=METHODS[method])
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield node.operand
        case ast.BinOp(op=operator) if type(operator) in SWAPPED:
            yield but(node, op=SWAPPED[type(operator)]())
        case ast.Compare(ops=[operator]) if type(operator) in SWAPPED:
            yield but(node, ops=[SWAPPED[type(operator)]()])
        case ast.BoolOp(op=operator, values=values):
            yield from (but(node, values=fewer) for fewer in less(values))
            for n in range(1, len(values)):
                sides = [but(node, values=side) for side in (values[:n], values[n:])]
                yield ast.BoolOp(SWAPPED[type(operator)](), sides)
        case ast.If() | ast.IfExp():
            yield from (but(node, test=ast.Constant(outcome)) for outcome in (False, True))
        case ast.While():  # one that never ends would tell nothing
            yield but(node, test=ast.Constant(False))
        case ast.comprehension(ifs=[_]):
            yield from (but(node, ifs=[ast.Constant(outcome)]) for outcome in (False, True))
        case ast.ExceptHandler(type=kinds):
            yield but(node, body=[ast.Raise()])
            if isinstance(kinds, ast.Tuple):
                yield from (but(node, type=but(kinds, elts=fewer)) for fewer in less(kinds.elts))
        case ast.Assign() | ast.keyword() | ast.Return(value=ast.expr()):
            yield but(node, value=NOTHING)
        case ast.AugAssign(target=target, value=value):
            yield ast.Assign([target], value)
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
    if isinstance(node, ast.stmt):
        yield ast.Pass()


def places(tree):
    """Yield each node below the top, but for docstrings, and what puts another in its place."""
    for parent in list(ast.walk(tree)):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, list):
                for number, node in enumerate(value):
                    yield node, partial(value.__setitem__, number)
            elif not (isinstance(parent, ast.Expr) and isinstance(value, ast.Constant)):
                yield value, partial(setattr, parent, field)


def mutants(source):
    """Return the source code of the hook, then that of every mutant, each once."""
    tree, shebang = ast.parse(source), source.splitlines()[0]
    found = {f"{shebang}\n{ast.unparse(tree)}\n": None}
    for node, put in list(places(tree)):
        for changed in changes(node):
            put(changed)
            found[f"{shebang}\n{ast.unparse(ast.fix_missing_locations(tree))}\n"] = None
        put(node)
    return list(found)


def begin(copy, mutant):
    """Start the tests in a copy of the repository, with a mutant in the hook's place.

    Return the id of the process. It is a copy of this one, in which pytest is loaded already. It
    exits with SURVIVED if no test fails, and is interrupted if no test has failed in time.
    """
    (copy / "50_extnet").write_text(mutant, encoding="utf-8")
    process = os.fork()
    if process:
        return process
    os.chdir(copy)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # so that the tests still unmount
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
    failed = pytest.main([*OPTIONS, MOST]) or pytest.main([*OPTIONS, ALL])
    os._exit(1 if failed else SURVIVED)


def survivors(found):
    """Yield the mutants with which no test fails; try as many at a time as there are CPUs."""
    shutil.rmtree(COPIES, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", ".venv", "build", ".hypothesis")
    free = [
        shutil.copytree(REPOSITORY, COPIES / str(number), ignore=ignored)
        for number in range(os.cpu_count())
    ]
    running, waiting = {}, list(found)
    while waiting or running:
        while waiting and free:
            copy, mutant = free.pop(), waiting.pop(0)
            running[begin(copy, mutant)] = copy, mutant
        process, status = os.wait()
        copy, mutant = running.pop(process)
        free.append(copy)
        late = "KeyboardInterrupt" in (copy / "log").read_text("utf-8", "replace")
        if late or os.waitstatus_to_exitcode(status) == SURVIVED:
            yield mutant


def difference(old, new):
    """Return the lines that differ, with - and + before them, without their indents."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines[2:] if line[0] != "@")


def main(every=1):
    """Print each survivor that is not listed with its reason; return 1 if there is one.

    every: try each Nth mutant only.
    """
    hook, *found = mutants((REPOSITORY / "50_extnet").read_text(encoding="utf-8"))
    found, listed = found[every - 1 :: every], EQUIVALENT.read_text(encoding="utf-8")
    if not list(survivors([hook])):
        sys.exit(f"the tests fail with the hook as it is: {COPIES}/*/log")
    print(f"{len(found)} mutants", flush=True)
    alive, strange = 0, 0
    for mutant in survivors(found):
        alive += 1
        change = difference(hook, mutant)
        if f"\n{change}\n\n" not in listed + "\n":
            strange += 1
            print(f"\nno test fails with this change, within {PATIENCE} s:\n{change}", flush=True)
    print(
        f"\nThe tests notice {len(found) - alive} of {len(found)} mutants. Of the others,"
        f" {alive - strange} are listed in {EQUIVALENT.name}."
    )
    return bool(strange)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
