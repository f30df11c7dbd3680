# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md for the tests: its code blocks, its sections and its tables."""

import functools
import re
from typing import NamedTuple

from paths import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)


class Block(NamedTuple):
    """A fenced block."""

    language: str
    text: str
    prints: str  # the text block that follows at once: what a shell block prints

    @property
    def place(self):
        """Return PLACE of a first line "# on PLACE", "" if there is none."""
        found = re.match(r"# on (.*)\n", self.text)
        return found[1] if found else ""

    def __str__(self):
        """Return its first command, which tells it from other blocks."""
        return next(line for line in self.text.splitlines() if not line.startswith("# on "))


def blocks(language, containing=""):
    """Return README's blocks of a language that contain a text."""
    fenced = r"^```(\w+)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?"
    found = (Block(*groups) for groups in re.findall(fenced, TEXT, re.M | re.S))
    return [block for block in found if block.language == language and containing in block.text]


def block(language, containing):
    """Return the one block of a language that contains a text; raise AssertionError without it."""
    found = blocks(language, containing)
    assert len(found) == 1, f"README.md has {len(found)} {language} blocks with {containing!r}"
    return found[0]


def section(title):
    """Return the prose below a heading, up to the next heading of its rank or above.

    Raises AssertionError if README has no such heading.
    """
    heading = re.search(rf"^(#+) {re.escape(title)}\n", PROSE, re.M)
    assert heading, f"README.md has no heading {title!r}"
    rest = PROSE[heading.end() :]
    return re.split(rf"^#{{1,{len(heading[1])}}} ", rest, maxsplit=1, flags=re.M)[0]


def rows(text):
    """Return the rows of the tables in a text, without the head rows, as lists of cells."""
    found = re.findall(r"^\|(?!--)(.*)\|$(?!\n\|--)", text, re.M)
    return [[cell.strip() for cell in row.split(" | ")] for row in found]


def codes(prose):
    """Return the texts between backquotes."""
    return re.findall(r"`([^`\n]+)`", prose)


@functools.cache
def refusals():
    """Return {pattern: words} for the refusals that README shows, where … matches anything."""
    shown = [words for row in rows(section("What the hook says")) for words in codes(row[0])]
    return {"(.*)".join(map(re.escape, words.split("…"))): words for words in shown}


def refusal(line):
    """Return README's words for a refusal, a line of the hook, and what the line has for each …."""
    reason = re.fullmatch(r"extnet: (.*) \((?:vNIC|a device).*, libvirt network .*\)", line)[1]
    matches = {words: re.fullmatch(pattern, reason) for pattern, words in refusals().items()}
    found = [(words, list(match.groups())) for words, match in matches.items() if match]
    assert len(found) == 1, f"README's table has {len(found)} rows for: {line}"
    return found[0]
