# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device XML says, judged by another library than the hook's: canonical XML, by libxml2."""

from lxml import etree


def parse(xml):
    """Return the root of a document given as bytes; raise XMLSyntaxError if it is none."""
    # UTF-8, whatever is declared; no entity is expanded, nothing is fetched, no text is too long.
    options = {"resolve_entities": False, "no_network": True, "huge_tree": True}
    return etree.fromstring(xml, etree.XMLParser(encoding="utf-8", **options))


def canonical(xml):
    """Return the canonical form, with comments, of a document given as bytes."""
    return etree.canonicalize(parse(xml).getroottree(), with_comments=True)


def moved(xml, network):
    """Return the canonical form of a device XML, bytes, with its one vNIC put on the network."""
    vnic = parse(xml)
    vnic.set("type", "network")
    (source,) = vnic.xpath("*[name() = 'source']")  # with no prefix
    source.attrib.clear()
    source.set("network", network)
    return etree.canonicalize(vnic.getroottree(), with_comments=True)
