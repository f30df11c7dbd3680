# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm passes to the hooks, captured as cases of tests/vnics: `make capture` writes them.

Any other run of the lab compares. What differs from run to run is replaced by fixed values.
tests/hook/test_cases.py judges what the hook makes of these vNICs.
"""

import re

from hook import expected
from paths import VNICS
from stand_in import VERSION

BEFORE, AFTER = "00_capture", "99_capture"  # the hooks that keep a copy of the device XML
COPY = "/var/log/vdsm/{hook}-{point}-{mac}"  # on the host
SCRIPT = f"""
mac=$(grep -oE '([0-9a-f]{{2}}:){{5}}[0-9a-f]{{2}}' "$_hook_domxml" | head -n 1)
point=${{0%/*}}
cp "$_hook_domxml" "{COPY.format(hook="${0##*/}", point="${point##*/}", mac="$mac")}"
"""
STABLE = {
    r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b": "56:6f:9a:3b:00:01",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "0c6bbd0d-6b1f-4a45-8b0e-2a4d3b1c9f10",
    r"\b(vnet|macvtap)\d+\b": r"\g<1>0",
    r'\bbus="0x\w+"': 'bus="0x01"',
}


def check(nic, point, name, version):
    """Compare what the hooks last got, and what they left, for a vNIC with a case in tests/vnics.

    name: name of the case; version: version of Vdsm, str. A version without cases is compared with
    those of the stand-in's. Raises AssertionError if the XML is not that of the case.
    """
    known = any(VNICS.glob(f"*/vdsm-{version}"))
    for file, xml in _case(nic, point, name, version if known else VERSION).items():
        assert file.exists(), f"there is no {file}: see `make capture`"
        assert xml == file.read_text(encoding="utf-8"), f"{file}: see `make capture`"


def write(nic, point, name, version):
    """Write the case that check() compares with, into the folder of that version of Vdsm."""
    for file, xml in _case(nic, point, name, version).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(xml, encoding="utf-8")


def _case(nic, point, name, version):
    """Return {file: text} of a case: what the hooks of a hook point last got, and left."""

    def seen(hook):
        xml = nic.vm.host.read(COPY.format(hook=hook, point=point, mac=nic.mac))
        for pattern, stable in STABLE.items():
            xml = re.sub(pattern, stable, xml)
        return xml

    before, after = seen(BEFORE), seen(AFTER)
    if before == after:
        return {VNICS / "untouched" / f"vdsm-{version}" / f"{name}.xml": before}
    file = VNICS / "rewritten" / f"vdsm-{version}" / f"{name}-in.xml"
    # The cases are all called with extnet=glitter.
    after = after.replace(f'network="{nic.profile.extnet}"', 'network="glitter"')
    return {file: before, expected(file): after}
