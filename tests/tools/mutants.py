# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing: change 50_extnet in every small way there is, and see the suite fail each time.

The changes are those of mutmut, and a few that it does not make. Its runner is of no use here: it
puts all mutants into one module, which imports mutmut, whereas the suite also runs the hook as a
process that can import nothing (-IS). So each mutant is a file here, and takes the hook's place in
a copy of this process, in which all that is large is imported already.
"""

import ast
import contextlib
import difflib
import os
import re
import signal
import sys

import canon  # noqa: F401 (for the copies)
import coverage  # noqa: F401
import hook
import hypothesis  # noqa: F401
import libcst as cst
import pytest
import strategies  # noqa: F401
from libcst import matchers as m
from mutmut.mutation.mutators import mutation_operators

HOOK = hook.HOOK.read_text(encoding="utf-8")
FOLDER = hook.REPOSITORY / "build" / "mutants"
EQUIVALENT = hook.TESTS / "tools" / "mutants-equivalent.txt"

# What most mutants fail, and the rest; not what is about the repository or Vdsm's stand-in.
QUICK = ["coverage"]
THOROUGH = ["messages", "by_hand", "network_names", "cases", "device_file", "isolation"]
THOROUGH += ["nothing_to_do", "any_input"]
OPTIONS = ["--one-python", "--hypothesis-profile=quick"]
PATIENCE = 120  # seconds; a mutant that never ends fails, too


def drop(statement):
    """Drop a statement, unless it is a docstring."""
    if not m.matches(statement, m.SimpleStatementLine([m.Expr(m.SimpleString())])):
        yield cst.SimpleStatementLine([cst.Pass()], leading_lines=statement.leading_lines)


def force(node):
    """Force a condition either way; a loop that then never ends would tell nothing."""
    for outcome in ("False",) if isinstance(node, cst.While) else ("False", "True"):
        yield node.with_changes(test=cst.Name(outcome))


def take_one_side(node):
    """Take either side of an `and` or an `or` alone."""
    yield from (node.left, node.right)


def catch_less(node):
    """Let one of several exceptions pass."""
    if m.matches(node, m.ExceptHandler(m.Tuple())):
        for element in node.type.elements:
            others = [other for other in node.type.elements if other is not element]
            yield node.with_changes(type=node.type.with_changes(elements=others))


def change_text(node):
    """Change a message."""
    yield node.with_changes(value=node.value + "XX")


def show_raw(node):
    """Put a value into a message as it is, which could break out of its line."""
    if node.conversion:
        yield node.with_changes(conversion=None)


OPERATORS = [
    *mutation_operators,
    (cst.SimpleStatementLine, drop),
    (cst.BaseCompoundStatement, drop),
    (cst.If | cst.CompIf | cst.While, force),
    (cst.BooleanOperation, take_one_side),
    (cst.ExceptHandler, catch_less),
    (cst.FormattedStringText, change_text),
    (cst.FormattedStringExpression, show_raw),
]


def nodes(node):
    """Return a node of a syntax tree and all below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def mutants(source):
    """Return the source code of every mutant that means something else, each once."""
    module = cst.parse_module(source)
    found = {ast.dump(ast.parse(source)): source}
    for node in nodes(module):
        for kind, operator in OPERATORS:
            for changed in operator(node) if isinstance(node, kind) else ():
                mutant = module.deep_replace(node, changed).code
                with contextlib.suppress(SyntaxError):
                    found.setdefault(ast.dump(ast.parse(mutant)), mutant)
    return list(found.values())[1:]


def difference(old, new):
    """Return the lines that differ, as "- old" and "+ new"."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in list(lines)[2:] if line[0] != "@")


def equivalent():
    """Return {difference: reason} of the mutants that no test can tell from the hook."""
    blocks = EQUIVALENT.read_text(encoding="utf-8").split("\n\n")
    found = {}
    for block in blocks:
        lines = block.strip().splitlines()
        changes = [line for line in lines if re.match(r"[-+] ", line)]
        if changes:
            found["\n".join(changes)] = " ".join(line for line in lines if line not in changes)
    return found


def test(number, mutant):
    """Start the suite on a mutant, in a copy of this process; return the copy's id."""
    path = FOLDER / str(number) / "50_extnet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(mutant, encoding="utf-8")
    path.chmod(0o755)
    process = os.fork()
    if process:
        return process
    hook.HOOK = path
    os.chdir(path.parent)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # the tests unmount, and so on
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
    options = ["-qx", "-c", str(hook.REPOSITORY / ".pytest.ini"), *OPTIONS]
    for suite in QUICK, THOROUGH:
        status = pytest.main([*options, *(f"{hook.TESTS}/hook/test_{name}.py" for name in suite)])
        if status:
            break
    os._exit(status)


def survivors(found):
    """Test all mutants, {number: source}, one for each CPU at a time; yield those alive."""
    running = {}
    waiting = list(found)
    while waiting or running:
        while waiting and len(running) < os.cpu_count():
            number = waiting.pop(0)
            running[test(number, found[number])] = number
        process, status = os.wait()
        number = running.pop(process)
        # A mutant can end the process with status 0 before pytest does.
        log = (FOLDER / str(number) / "log").read_text("utf-8", "replace")
        if "KeyboardInterrupt" in log:
            print(f"mutant {number} was out of time after {PATIENCE} s", flush=True)
        if status == 0 and len(re.findall(r"\d passed", log)) == len([QUICK, THOROUGH]):
            yield number


def main():
    """Print what survives, and the score; return 1 if something survives that is not equivalent."""
    hook.interpreters()  # looked for once, before the copies
    known = equivalent()
    if not list(survivors({"none": HOOK})):
        sys.exit(f"the suite fails on the hook as it is: {FOLDER}/none/log")
    found = dict(enumerate(mutants(HOOK)))
    print(f"{len(found)} mutants", flush=True)
    alive = []
    for number in survivors(found):
        alive.append(difference(HOOK, found[number]))
        if alive[-1] not in known:
            print(f"\nmutant {number} survives:\n{alive[-1]}", flush=True)
    strange = [change for change in alive if change not in known]
    stale = [change for change in known if change not in alive]
    print(
        f"\n{len(found) - len(alive)} of {len(found)} mutants make the suite fail. Of the others,"
        f" {len(alive) - len(strange)} cannot be told from the hook ({EQUIVALENT.name})."
    )
    for change in stale:
        print(f"\nlisted in {EQUIVALENT.name}, and no survivor:\n{change}")
    return 1 if strange or stale else 0


if __name__ == "__main__":
    sys.exit(main())
