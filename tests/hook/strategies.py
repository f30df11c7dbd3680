# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies: device XML, network names and property values, from usual to hostile.

USUAL is a grammar of what XML 1.0 and its namespaces allow in a vNIC, not of what Vdsm writes:
other hooks run before ours. The other strategies change the cases of tests/vnics in a few places.
"""

from hypothesis import strategies as st
from paths import VNICS

# Each piece is coded as one character: drawing a string is much faster than drawing a list.
TOKENS = [
    "&#38;", "&#x26;#10;", "&amp;#13;", "&lt;", "&gt;", "&quot;", "&apos;", "&#32;", "]]", "&#133;",
    "&#x2028;", "&#x1F600;", "&#93;&#93;&gt;", "\u2028", "\ufeff", "\t", "\n", "\r\n", "ovirtmgmt",
]  # fmt: skip
TABLE = dict(zip(range(0xA1, 0x100), TOKENS, strict=False))
TABLE |= {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
CHARACTERS = st.characters(exclude_categories=["C"])
TEXT = st.text(CHARACTERS, max_size=8).map(lambda text: text.translate(TABLE))
COMMENTS = TEXT.map(lambda text: f"<!--{text.replace('-', '- ')}-->")
LEAVES = TEXT | COMMENTS | TEXT.map("<?source {}?>".format) | TEXT.map("<![CDATA[{}]]>".format)

BLANKS = st.sampled_from([" ", "\n    ", "\t", "\r\n"])
# No xml:space: libxml2 warns about it, and lxml then loses an earlier error and judges wrongly.
ATTRIBUTES = ["dev", "a:type", "a:bridge", "b:bridge", "b:network", "xml:base", "é"]
ELEMENTS = ["alias", "source", "interface", "mac", "a:source", "b:interface", "é", "_.-"]
NAMESPACES = ["", ' xmlns="urn:d"', ' xmlns=""', ' xmlns:a="urn:a:2"', ' xmlns:c="urn:c"']
NAMED = ["", ' bridge="ovirtmgmt"', ' network="a/b" portid="1"']


@st.composite
def _element(draw, name, inside, fixed=("",)):
    """Draw an element that contains `inside`, with up to two random attributes and a fixed one."""
    names = draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=2, unique=True))
    attributes = "".join(f'{draw(BLANKS)}{key}="{draw(TEXT)}"' for key in names)
    start = name + attributes + draw(st.sampled_from(NAMESPACES)) + draw(st.sampled_from(fixed))
    return f"<{start}>{inside}</{name}>" if inside else f"<{start}/>"


CONTENT = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.sampled_from(ELEMENTS), inner).flatmap(lambda it: _element(*it)),
    max_leaves=4,
)
BESIDE = st.lists(LEAVES | st.just('<mac address="52:54"/>') | _element("alias", ""), max_size=2)
DECLARATIONS = ["", "<?xml version='1.0' encoding='UTF-8'?>", '<?xml version = "1.0"\t?>\r\n']


@st.composite
def _vnics(draw):
    """Draw a vNIC on a bridge or on a network: prefixes are bound on it, each to a URI."""
    start = draw(st.sampled_from(DECLARATIONS)) + draw(COMMENTS)
    kind = draw(st.sampled_from(["bridge", "network"]))
    source = draw(_element("source", draw(CONTENT), NAMED))
    children = "".join([*draw(BESIDE), source, *draw(BESIDE)])
    return (
        f'{start}<interface xmlns:a="urn:a" xmlns:b="urn:b" type="{kind}">{children}</interface>\n'
    )


USUAL = _vnics().map(str.encode)
# Of the inputs with which a test fails, Hypothesis reports the first, so short ones come first.
_CASES = sorted(path.read_bytes() for path in VNICS.rglob("*.xml"))
CASES = st.sampled_from(sorted(_CASES, key=len))
MARKUP = [
    "<source", "/>", "</interface>", "<", ">", "&", "]]>", "<![CDATA[", "<!--", "--", "-->", "<?",
    "?>", "<?xml ", "<!DOCTYPE a>", "a:", "\0", "&x;", ' type="network"', ' xmlns="urn:d"',
    ' xmlns:a="', "\ufeff", "\xa0", "\ufffe", "&#10;", "&#x0D;", "&#009;", "&#x", "&#0;",
    "&#65536;", "&#1114112;",
]  # fmt: skip


@st.composite
def _changed(draw):
    """Draw a case or a vNIC with a few slices cut, doubled, moved or replaced."""
    data = draw(CASES | USUAL)
    parts = st.binary(max_size=3) | st.sampled_from(MARKUP).map(str.encode)
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        cut = data[start:end] if draw(st.booleans()) else b""
        what = draw(parts | st.just(cut * 2) | CASES)
        data = data[:start] + what + data[start + len(cut) :]
    return data


DEVICES = CASES | USUAL | _changed() | st.binary(max_size=40)

# Names, near misses and anything; the cases ask for glitter, or are on glitter already.
LETTERS = st.characters(exclude_categories=["C", "Z"], exclude_characters="/")
NAMES = st.text(LETTERS | st.just(" "), min_size=1, max_size=12).filter(str.strip).map(str.encode)
NEAR = st.text("a/ \n\t\0\x1b\x7f\x85\xa0\u2028\u202e\ufeff&<", max_size=5).map(str.encode)
VALUES = NAMES | NAMES | NAMES | st.just(b"glitter") | NEAR | st.binary(max_size=12)
