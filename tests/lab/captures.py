# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm hands to the hooks, kept as cases of tests/vnics: `make capture` writes them.

Any other run of the lab compares them. What differs from run to run is replaced by what does not.
"""

import re
import shutil

from hook import call_hook, expected
from paths import VNICS

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


def check(nic, point, name, *, untouched=False, version=None):
    """Compare what a hook point was last given for a vNIC with a case in tests/vnics.

    name: of the case, in the folder that says which Vdsm it is of; untouched: it is on glitter
    already; version: write the case, as one of that Vdsm's, with what the hook makes of it. The
    tests of the cases judge that by themselves.
    """
    xml = nic.vm.host.read(KEPT.format(point=point, mac=nic.mac))
    for pattern, stable in STABLE.items():
        xml = re.sub(pattern, stable, xml)
    kind = VNICS / ("untouched" if untouched else "rewritten")
    folder = kind / f"vdsm-{version}" if version else max(kind.glob("vdsm-*"))
    file = folder / (f"{name}.xml" if untouched else f"{name}-in.xml")
    if version:
        folder.mkdir(exist_ok=True)
        file.write_text(xml, encoding="utf-8")
        if not untouched:
            call_hook(shutil.copy(file, expected(file)))
    assert xml == file.read_text(encoding="utf-8"), f"{file}: see `make capture`"
