# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm hands to the hooks, kept as cases of tests/vnics: `make capture` writes them.

Any other run of the lab compares them. What differs from run to run is replaced by what does not.
"""

import re
from xml.dom import minidom

from hook import VNICS

KEPT = "/var/log/vdsm/{point}-{mac}"  # on the host
CAPTURE = f"""
mac=$(grep -oE '([0-9a-f]{{2}}:){{5}}[0-9a-f]{{2}}' "$_hook_domxml" | head -n 1)
point=${{0%/*}}
cp "$_hook_domxml" "{KEPT.format(point="${point##*/}", mac="$mac")}"
"""
STABLE = {
    r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b": "56:6f:9a:3b:00:01",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "0c6bbd0d-6b1f-4a45-8b0e-2a4d3b1c9f10",
    r"\b(vnet|macvtap)\d+\b": r"\g<1>0",
    r'\bbus="0x\w+"': 'bus="0x01"',
}


def on_glitter(xml):
    """Return what libvirt is to get of a device XML, str, in the form that minidom gives it."""
    document = minidom.parseString(xml)  # noqa: S318 (from Vdsm)
    vnic = document.documentElement
    (old,) = vnic.getElementsByTagName("source")
    new = document.createElement("source")
    new.setAttribute("network", "glitter")
    vnic.replaceChild(new, old)
    vnic.setAttribute("type", "network")
    return document.toxml("utf-8").decode() + xml[len(xml.rstrip()) :]


def check(nic, point, name, *, write):
    """Compare what a hook point was last given for a vNIC with a case in tests/vnics.

    name: of the case, with its folder, as in "rewritten/vdsm-start"; write: write it instead.
    """
    xml = nic.vm.host.read(KEPT.format(point=point, mac=nic.mac))
    for pattern, stable in STABLE.items():
        xml = re.sub(pattern, stable, xml)
    rewritten = name.startswith("rewritten")
    file = VNICS / (f"{name}-in.xml" if rewritten else f"{name}.xml")
    if write:
        file.write_text(xml, encoding="utf-8")
        if rewritten:
            (VNICS / f"{name}-out.xml").write_text(on_glitter(xml), encoding="utf-8")
    assert xml == file.read_text(encoding="utf-8"), f"{file.name}: see `make capture`"
