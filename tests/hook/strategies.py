# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies: device XML, network names and property values, from usual to hostile.

A grammar of what XML 1.0 and its namespaces allow, not of what Vdsm writes: other hooks run before.
"""

import itertools
import unicodedata
from pathlib import Path

from hypothesis import strategies as st

FIXTURES = sorted(Path(__file__).parents[1].joinpath("vnics").rglob("*.xml"))

# Different for each prefix, for `a:x` and `b:x` must not be the same attribute of one element.
URIS = {
    "xmlns": ["urn:d", ""],
    "xmlns:a": ["urn:a", "urn:a:2"],
    "xmlns:b": ["urn:b", "urn:b:2"],
    "xmlns:network": ["urn:network"],
}
ATTRIBUTES = ["dev", "a:type", "b:type", "a:bridge", "b:bridge", "a:network", "xml:space", "é"]
SOURCE_ATTRIBUTES = ["bridge", "portid", "portgroup", *ATTRIBUTES]
ELEMENTS = ["alias", "mtu", "link", "filterref", "a:source", "b:interface", "metadata", "é", "_.-"]

# A character of text stands for each, for one string is drawn much faster than a list of pieces.
TOKENS = [
    "&#38;", "&#x26;#10;", "&amp;#13;", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#32;", "]]",
    "&#133;", "&#x85;", "&#x2028;", "&#x1F600;", "&#93;&#93;&gt;", "\u2028", "\ufeff", "\t", "\n",
    "\r", "\r\n", "#10;", "vnet0", "rhevm",
]  # fmt: skip
TABLE = dict(zip(range(0xA1, 0x100), TOKENS, strict=False))
NO_XML = [*map(chr, {*range(32)} - {9, 10, 13}), "\ufffe", "\uffff"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NO_XML), max_size=8)
ESCAPES = TABLE | {ord("&"): "&amp;", ord("<"): "&lt;"}
LITERAL = TEXT.map(lambda text: text.translate(TABLE))
ESCAPED = TEXT.map(lambda text: text.translate(ESCAPES).replace("]]>", "]]&gt;"))


def _quoted(text):
    """Return text, already escaped, as an attribute's value, in either kind of quotes."""
    if '"' in text:
        return "'" + text.replace("'", "&apos;") + "'"
    return f'"{text}"'


VALUES = ESCAPED.map(_quoted)
COMMENTS = LITERAL.map(lambda text: f"<!--{text.replace('-', '- ')}-->")
CDATA = LITERAL.map(lambda text: f"<![CDATA[{text.replace(']]>', ']] >')}]]>")
TARGETS = st.sampled_from(["source", "interface", "xml-stylesheet", "é"])
DATA = LITERAL.map(lambda text: text.replace("?>", "? >"))
INSTRUCTIONS = st.builds("<?{} {}?>".format, TARGETS, DATA)
NAMESPACES = st.sampled_from([{}] * 8 + [{name: f'"{uri}"'} for name in URIS for uri in URIS[name]])
BLANKS = st.sampled_from([(" ", ""), ("\n    ", "\n"), ("\t", " "), ("\r\n", "\r\n")])


def _some(names):
    """Return a strategy for up to two of names."""
    return st.sampled_from([few for n in range(3) for few in itertools.combinations(names, n)])


ANY, ANY_OF_SOURCE = _some(ATTRIBUTES), _some(SOURCE_ATTRIBUTES)


def _element(draw, name, inside, attributes=ANY, **fixed):
    """Draw an element around inside with some of attributes, and with fixed, already quoted."""
    found = {key: draw(VALUES) for key in draw(attributes)} | draw(NAMESPACES) | fixed
    blank, end = draw(BLANKS)
    start = name + "".join(f"{blank}{key}={value}" for key, value in found.items())
    return f"<{start}{end}>{inside}</{name}{end}>" if inside else f"<{start}{end}/>"


@st.composite
def _elements(draw, names, content):
    """Draw an element called one of names."""
    return _element(draw, draw(st.sampled_from(names)), "".join(draw(content)))


LEAVES = st.one_of(ESCAPED, COMMENTS, INSTRUCTIONS, CDATA)
NESTED = ["source", "interface", "mac", *ELEMENTS]
CONTENT = st.lists(
    st.recursive(
        LEAVES, lambda inner: _elements(NESTED, st.lists(inner, max_size=3)), max_leaves=4
    ),
    max_size=2,
)
BESIDE = LEAVES | _elements(ELEMENTS, CONTENT) | st.just('<mac address="52:54:00:59:f5:3f"/>')


@st.composite
def _documents(draw, heads, roots):
    """Draw a document.

    heads: lists of XML declarations and of DOCTYPEs; roots: lists of the root's names, its types,
    and how many <source> children it has.
    """
    start, doctype = draw(st.tuples(*map(st.sampled_from, heads)))
    name, kind, sources = draw(st.tuples(*map(st.sampled_from, roots)))
    misc = st.lists(st.sampled_from(["\n", "\r\n"]) | COMMENTS | INSTRUCTIONS, max_size=2)
    children = draw(st.lists(BESIDE, max_size=4))
    for _ in range(sources):
        old = {"network": '"a/b"'} if draw(st.booleans()) else {}  # '/': never the wanted network
        source = _element(draw, "source", "".join(draw(CONTENT)), ANY_OF_SOURCE, **old)
        children.insert(draw(st.integers(0, len(children))), source)
    fixed = {"xmlns:a": '"urn:a"', "xmlns:b": '"urn:b"', "type": f'"{kind}"'}
    root = _element(draw, name, "".join(children), **fixed)
    return "".join([start, *draw(misc), doctype, root, *draw(misc)])


DECLARATIONS = [
    "",
    "<?xml version='1.0' encoding='UTF-8'?>",
    '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
    "<?xml version = '1.0'\tstandalone='no' ?>",
]


def vnics():
    """Return a strategy for device XML, str, that the hook moves to any of `networks()`.

    Well-formed for a parser that knows namespaces, too; no byte order mark; UTF-8, if declared.
    """
    return _documents([DECLARATIONS, [""]], [["interface"], ["bridge", "network"], [1]])


def networks():
    """Return a strategy for names, str, that libvirt takes for a network.

    Printable in every Python, for each knows a newer Unicode: hence the oldest that all have, 3.2.
    """
    characters = st.characters(
        exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"],
        include_characters=" ",
        exclude_characters="/",
    )
    category = unicodedata.ucd_3_2_0.category
    names = st.text(characters, min_size=1, max_size=12).filter(str.strip)
    return names.map(lambda name: "".join("é" if category(c) == "Cn" else c for c in name))


def values():
    """Return a strategy for a custom property's value, bytes: mostly names, near misses, anything.

    Among the names is the one that the vNICs of the fixtures are to be on, or are on already.
    """
    near = st.text("a/ \n\t\0\x1b\x7f\x85\xa0\u2028\u202e\ufeff&<", max_size=5)
    texts = st.one_of(networks(), networks(), networks(), st.just("glitter"), near)
    return texts.map(str.encode) | st.binary(max_size=12)


ODD = [
    *DECLARATIONS * 2,
    *(f"<?xml version='1.0' encoding='{name}'?>" for name in ["latin-1", "UTF-16", "ascii", "no"]),
    *("<?xml version='1.1'?>", "<?xml?>", "\ufeff" + DECLARATIONS[1], "\n" + DECLARATIONS[1]),
]
DOCTYPES = [
    "<!DOCTYPE interface>",
    '<!DOCTYPE interface SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE a [<!ENTITY b "c"><!ATTLIST source bridge CDATA "d" xmlns:n CDATA #FIXED "e">]>',
]
TYPES = ["bridge", "network", "hostdev", "direct", "Bridge", "", "&#98;ridge"]
NAMES = ["interface", "a:interface", "hostdev", "Interface"]


@st.composite
def _odd_documents(draw):
    """Draw a document with one or several things that the hook may not take, as bytes."""
    nested = draw(st.sampled_from([0] * 12 + [50, 250, 2000]))
    text = draw(_documents([ODD, [""] * 6 + DOCTYPES], [NAMES, TYPES, [1, 0, 2]]))
    text = text.replace("</interface", "<n>" * nested + "</n>" * nested + "</interface")
    codec = draw(st.sampled_from(["utf-8"] * 4 + ["utf-16", "utf-16-be", "latin-1"]))
    return text.encode(codec, "xmlcharrefreplace")


SEEDS = st.sampled_from([path.read_bytes() for path in FIXTURES]) | vnics().map(str.encode)
MARKUP = [
    "<source", "/>", "</interface>", "<", ">", "&", "]]>", "<![CDATA[", "<!--", "--", "-->", "<?",
    "?>", "<?xml ", "<!DOCTYPE a>", "a:", "\0", "&x;", ' type="network"', ' xmlns="urn:d"',
    ' xmlns:a="', "\ufeff", "\xa0", "\ufffe", "&#10;", "&#x0D;", "&#009;", "&#x", "&#0;",
    "&#65536;", "&#1114112;",
]  # fmt: skip


@st.composite
def _mutants(draw):
    """Draw a fixture or a document, as bytes, with a few slices cut, doubled, moved or replaced."""
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
    return vnics().map(str.encode) | _odd_documents() | _mutants() | st.binary(max_size=40)
