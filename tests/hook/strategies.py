# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies: device XML, network names and property values, from usual to hostile.

A grammar of what XML 1.0 and its namespaces allow, not of what Vdsm writes: other hooks run before.
"""

import re
import unicodedata

from hook import VNICS
from hypothesis import strategies as st

# Names of elements and attributes; prefixes are bound on the root, each to a URI of its own.
PREFIXES = 'xmlns:a="urn:a" xmlns:b="urn:b"'
BOUND = [' xmlns="urn:d"', ' xmlns=""', ' xmlns:a="urn:a:2"', ' xmlns:c="urn:c"']
NAMESPACES = [*[""] * 4, *BOUND]
ATTRIBUTES = ["dev", "a:type", "b:type", "a:bridge", "b:bridge", "a:network", "xml:space", "é"]
ELEMENTS = ["alias", "mtu", "source", "interface", "mac", "a:source", "b:interface", "é", "_.-"]

# A character of text stands for each, for one string is drawn much faster than a list of pieces.
TOKENS = [
    "&#38;", "&#x26;#10;", "&amp;#13;", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#32;", "]]",
    "&#133;", "&#x85;", "&#x2028;", "&#x1F600;", "&#93;&#93;&gt;", "\u2028", "\ufeff", "\t", "\n",
    "\r", "\r\n", "#10;", "vnet0", "ovirtmgmt",
]  # fmt: skip
TABLE = dict(zip(range(0xA1, 0x100), TOKENS, strict=False))
NO_XML = [*map(chr, {*range(32)} - {9, 10, 13}), "\ufffe", "\uffff"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NO_XML), max_size=8)
ESCAPES = TABLE | {ord("&"): "&amp;", ord("<"): "&lt;", ord('"'): "&quot;"}
LITERAL = TEXT.map(lambda text: text.translate(TABLE))
ESCAPED = TEXT.map(lambda text: text.translate(ESCAPES).replace("]]>", "]]&gt;"))
COMMENTS = LITERAL.map(lambda text: f"<!--{text.replace('-', '- ')}-->")
INSTRUCTIONS = LITERAL.map(lambda text: f"<?source {text.replace('?>', '? >')}?>")
CDATA = LITERAL.map(lambda text: f"<![CDATA[{text.replace(']]>', ']] >')}]]>")
BLANKS = st.sampled_from([" ", "\n    ", "\t", "\r\n"])


@st.composite
def _element(draw, name, inside, names=ATTRIBUTES, fixed=""):
    """Draw an element around inside with up to two attributes of names, and the fixed ones."""
    found = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    attributes = "".join(f'{draw(BLANKS)}{key}="{draw(ESCAPED)}"' for key in found)
    start = name + attributes + draw(st.sampled_from(NAMESPACES)) + fixed
    return f"<{start}>{inside}</{name}>" if inside else f"<{start}/>"


LEAVES = ESCAPED | COMMENTS | INSTRUCTIONS | CDATA
CONTENT = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.sampled_from(ELEMENTS), inner).flatmap(lambda it: _element(*it)),
    max_leaves=4,
)
BESIDE = LEAVES | st.just('<mac address="52:54:00:59:f5:3f"/>') | _element("alias", "")


@st.composite
def _documents(draw, starts, names, kinds, sources):
    """Draw a document; starts: what it may begin with; sources: how many <source> it may have."""
    children = draw(st.lists(BESIDE, max_size=4))
    for _ in range(draw(st.sampled_from(sources))):
        named = draw(st.sampled_from(["", ' bridge="ovirtmgmt"', ' network="a/b" portid="1"']))
        source = draw(_element("source", draw(CONTENT), ATTRIBUTES, named))
        children.insert(draw(st.integers(0, len(children))), source)
    name, kind = draw(st.sampled_from(names)), draw(st.sampled_from(kinds))
    misc = st.sampled_from(["", "\n", "\r\n"]) | COMMENTS | INSTRUCTIONS
    start = f'<{name} {PREFIXES} type="{kind}">'
    root = f"{start}{''.join(children)}</{name}>"
    return f"{draw(st.sampled_from(starts))}{draw(misc)}{root}{draw(misc)}"


DECLARATIONS = [
    "",
    "<?xml version='1.0' encoding='UTF-8'?>",
    '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
    "<?xml version = '1.0'\tstandalone='no' ?>",
]
ODD = [
    *DECLARATIONS * 2,
    *(f"<?xml version='1.0' encoding='{name}'?>" for name in ["latin-1", "UTF-16", "ascii", "no"]),
    *("<?xml version='1.1'?>", "<?xml?>", "\ufeff" + DECLARATIONS[1], "\n" + DECLARATIONS[1]),
    "<!DOCTYPE interface>",
    '<!DOCTYPE a [<!ENTITY b "c"><!ATTLIST source bridge CDATA "d" xmlns:n CDATA #FIXED "e">]>',
]
KINDS = ["bridge", "network", "hostdev", "direct", "Bridge", "", "&#98;ridge"]
ROOTS = ["interface", "interface", "a:interface", "hostdev", "Interface"]
UNKEPT = re.compile("<!DOCTYPE|&#(0*(9|10|13)|x0*[9aAdD]);")  # in a comment, too
USUAL = _documents(DECLARATIONS, ["interface"], KINDS[:2], [1])
USUAL = USUAL.filter(lambda text: not UNKEPT.search(text))


@st.composite
def _odd_documents(draw):
    """Draw a document with one or several things that the hook may not take, as bytes."""
    text = draw(_documents(ODD, ROOTS, KINDS, [1, 1, 0, 2]))
    nested = draw(st.sampled_from([0] * 12 + [50, 250, 2000]))
    text = text.replace("</interface", "<n>" * nested + "</n>" * nested + "</interface")
    codec = draw(st.sampled_from(["utf-8"] * 4 + ["utf-16", "utf-16-be", "latin-1"]))
    return text.encode(codec, "xmlcharrefreplace")


CASES = st.sampled_from([path.read_bytes() for path in sorted(VNICS.rglob("*.xml"))])
SEEDS = CASES | USUAL.map(str.encode)
MARKUP = [
    "<source", "/>", "</interface>", "<", ">", "&", "]]>", "<![CDATA[", "<!--", "--", "-->", "<?",
    "?>", "<?xml ", "<!DOCTYPE a>", "a:", "\0", "&x;", ' type="network"', ' xmlns="urn:d"',
    ' xmlns:a="', "\ufeff", "\xa0", "\ufffe", "&#10;", "&#x0D;", "&#009;", "&#x", "&#0;",
    "&#65536;", "&#1114112;",
]  # fmt: skip


@st.composite
def _mutants(draw):
    """Draw a case or a document, as bytes, with a few slices cut, doubled, moved or replaced."""
    data = draw(SEEDS)
    parts = st.binary(max_size=3) | st.sampled_from(MARKUP).map(str.encode)
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        cut = data[start:end] if draw(st.booleans()) else b""
        what = draw(parts | st.just(cut * 2) | SEEDS)
        data = data[:start] + what + data[start + len(cut) :]
    return data


def devices():
    """Return a strategy for what may stand in a device's file, as bytes: anything."""
    return SEEDS | _odd_documents() | _mutants() | st.binary(max_size=40)


def _known(character):
    """Return a character that each Python can print: one of Unicode 3.2, which all of them know."""
    return "é" if unicodedata.ucd_3_2_0.category(character) == "Cn" else character


LETTERS = st.characters(exclude_categories=["C", "Z"], exclude_characters="/").map(_known)
NAMES = st.text(LETTERS | st.just(" "), min_size=1, max_size=12).filter(str.strip)
NEAR = st.text("a/ \n\t\0\x1b\x7f\x85\xa0\u2028\u202e\ufeff&<", max_size=5)


def values():
    """Return a strategy for a custom property's value, bytes: mostly names, near misses, anything.

    Among them is the one that the vNICs of the cases are to be on, or are on already.
    """
    texts = NAMES | NAMES | NAMES | st.just("glitter") | NEAR
    return texts.map(str.encode) | st.binary(max_size=12)
