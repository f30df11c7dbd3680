# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device XML says, judged by another library than the hook's: canonical XML, by libxml2."""

from lxml import etree

# No entity is expanded, nothing is fetched, no text is too long.
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def canonical(xml):
    """Return the canonical form, with comments, of a document given as bytes."""
    return _form(etree.fromstring(xml, PARSER))


def moved(xml, network):
    """Return the canonical form of a device XML, bytes, with its one vNIC put on the network."""
    vnic = etree.fromstring(xml, PARSER)
    vnic.set("type", "network")
    (source,) = vnic.xpath("*[name() = 'source']")  # with no prefix
    source.attrib.clear()
    source.set("network", network)
    return _form(vnic)


def _form(root):
    try:
        return etree.tostring(root.getroottree(), method="c14n", with_comments=True)
    except etree.C14NError:
        # A namespace is a relative URI, which version 2.0 does not mind.
        return etree.canonicalize(root.getroottree(), with_comments=True)
