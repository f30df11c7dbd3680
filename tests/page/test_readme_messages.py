# SPDX-License-Identifier: GPL-2.0-or-later
"""Each message that the hook can print is in README, with what it means and what to do."""

import ast
import re

import pytest
import readme
from hook import HOOK, VNICS, run

REFUSALS = readme.section("Refusals")


def words(hook):
    """Return what the hook can say, of its source: a list of the constant parts of each text.

    Those of its texts that are words: with a blank beside a letter, and no docstring.
    """
    tree = ast.parse(hook)
    pieces = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        [part.value for part in getattr(node, "values", [node]) if isinstance(part, ast.Constant)]
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and node not in pieces | docstrings)
    ]
    texts = [[part for part in parts if isinstance(part, str)] for parts in texts]
    return [parts for parts in texts if re.search("[a-z] | [a-z]", "…".join(parts))]


@pytest.mark.parametrize("parts", words(HOOK.read_text(encoding="utf-8")), ids="…".join)
def test_all_that_the_hook_can_say_is_in_readme(parts):
    shown = [*readme.codes(REFUSALS), *(block.text for block in readme.blocks("text", "extnet: "))]
    pattern = ".*".join(re.escape(part.strip()) for part in parts)
    assert any(re.search(pattern, text) for text in shown), shown


def test_a_new_message_would_be_missed():
    hook = 'def f(name):\n    """A docstring."""\n    raise Refusal(f"{name!r} is new: do this")\n'
    assert words(hook) == [[" is new: do this"]]


def matches(line):
    """Return the messages in README's table that a line of the hook's is one of."""
    messages = [readme.codes(row[0])[0] for row in readme.rows(REFUSALS)]
    patterns = {text: ".*".join(map(re.escape, text.split("…"))) for text in messages}
    return [text for text, pattern in patterns.items() if re.fullmatch(pattern, line)]


@pytest.mark.parametrize(
    "path", sorted((VNICS / "refused").glob("*-message.txt")), ids=lambda p: p.stem
)
def test_the_message_about_a_refused_vnic_is_one_in_readme(path):
    assert len(matches(path.read_text(encoding="utf-8").rstrip("\n"))) == 1


@pytest.mark.parametrize(
    ("extnet", "path"), [("", "vnic.xml"), ("a/b", "vnic.xml"), ("x", "missing")]
)
def test_the_message_about_a_value_or_a_file_is_one_in_readme(extnet, path, tmp_path):
    (tmp_path / "vnic.xml").touch()
    assert len(matches(run(tmp_path / path, extnet=extnet).stderr.rstrip("\n"))) == 1


def test_the_audit_line_is_one_that_the_hook_writes(tmp_path):
    line = readme.block("text", " of VM ").text
    mac, vm, bridge, network = re.fullmatch(
        r"extnet: vNIC (\S+) of VM (\S+): bridge '(\w+)' -> network '(\w+)'\n", line
    ).groups()
    device = tmp_path / "vnic.xml"
    device.write_text(
        f'<interface type="bridge"><mac address="{mac}"/><source bridge="{bridge}"/></interface>'
    )
    assert run(device, extnet=network, environ={"vmId": vm}).stderr == line
