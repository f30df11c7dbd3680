# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device XML says, judged by another library than the hook's: canonical XML, by libxml2."""

from lxml import etree

# No entity is expanded, nothing is fetched, no text is too long; UTF-8, whatever is declared.
OPTIONS = {"resolve_entities": False, "no_network": True, "huge_tree": True, "encoding": "utf-8"}


def parse(xml, **options):
    """Return the root of a document given as bytes; raise XMLSyntaxError if it is none."""
    try:
        return etree.fromstring(xml, etree.XMLParser(**OPTIONS, **options))
    except etree.XMLSyntaxError:
        # Whether lxml puts up with a namespace that is no URI depends on what comes after it.
        lenient = etree.XMLParser(**OPTIONS, **options, recover=True)
        root = etree.fromstring(xml, lenient)
        if {error.type_name for error in lenient.error_log.filter_from_errors()} != {"WAR_NS_URI"}:
            raise
        return root


def canonical(xml):
    """Return the canonical form, with comments, of a document given as bytes."""
    return _form(parse(xml))


def moved(xml, network):
    """Return the canonical form of a device XML, bytes, with its one vNIC put on the network."""
    vnic = parse(xml)
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
