# SPDX-License-Identifier: GPL-2.0-or-later
"""Canonical form of device XML, computed by a library other than the hook's (libxml2)."""

from lxml import etree


def parse(xml):
    """Return the root of a document (bytes); raise XMLSyntaxError if it is not well-formed."""
    # UTF-8 whatever is declared, as in the hook; no entities, no downloads, no limit to a text.
    options = {"resolve_entities": False, "no_network": True, "huge_tree": True}
    return etree.fromstring(xml, etree.XMLParser(encoding="utf-8", **options))


def canonical(xml):
    """Return the canonical form, with comments, of a document given as bytes."""
    return etree.canonicalize(parse(xml).getroottree(), with_comments=True)


def on_network(xml, network):
    """Return the canonical form of device XML (bytes) with its vNIC on the network."""
    vnic = parse(xml)
    vnic.set("type", "network")
    (source,) = vnic.xpath("*[name() = 'source']")  # with no prefix
    source.attrib.clear()
    source.set("network", network)
    return etree.canonicalize(vnic.getroottree(), with_comments=True)
