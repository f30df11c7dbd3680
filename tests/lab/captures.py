# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm passes to the hooks, captured as cases of tests/vnics: `make capture` writes them.

Any other run of the lab compares. What differs from run to run is replaced by fixed values.
"""

import re

from hook import expected
from paths import VNICS

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


def check(nic, point, name, version, *, untouched=False):
    """Compare what the hooks last got, and what they left, for a vNIC with a case in tests/vnics.

    name: name of the case; version: version of Vdsm, str; untouched: whether the hook leaves such
    a vNIC as it is. A version without a folder, or without that case, is compared with the one
    before it. Raises AssertionError if the XML is not that of the case.
    """
    known = {_number(each.name): each for each in _kind(untouched).glob("vdsm-*")}
    having = [number for number in known if _files(known[number], name, untouched)[0].exists()]
    assert having, f"no Vdsm has the case {name}: see `make capture`"
    fitting = [number for number in having if number <= _number(version)]
    files = _files(known[max(fitting, default=min(having))], name, untouched)
    for file, xml in zip(files, _seen(nic, point), strict=True):
        assert xml == file.read_text(encoding="utf-8"), f"{file}: see `make capture`"


def write(nic, point, name, version, *, untouched=False):
    """Write the case that check() compares with, into the folder of that version of Vdsm.

    tests/hook/test_cases.py judges what the hook made of the vNIC.
    """
    folder = _kind(untouched) / f"vdsm-{version}"
    folder.mkdir(exist_ok=True)
    for file, xml in zip(_files(folder, name, untouched), _seen(nic, point), strict=True):
        file.write_text(xml, encoding="utf-8")


def _kind(untouched):
    """Return the folder of tests/vnics for such cases."""
    return VNICS / ("untouched" if untouched else "rewritten")


def _files(folder, name, untouched):
    """Return the files of a case in a folder: before the hook, after it."""
    file = folder / (f"{name}.xml" if untouched else f"{name}-in.xml")
    return file, file if untouched else expected(file)


def _number(version):
    """Return a version, or the name of its folder, in a form that sorts 4.50.10 after 4.50.7."""
    return tuple(map(int, re.findall(r"\d+", version)))


def _seen(nic, point):
    """Return what the hooks of a hook point last got, and what they left, for a vNIC."""
    for hook in BEFORE, AFTER:
        xml = nic.vm.host.read(COPY.format(hook=hook, point=point, mac=nic.mac))
        for pattern, stable in STABLE.items():
            xml = re.sub(pattern, stable, xml)
        if hook == AFTER:  # The cases are all called with extnet=glitter.
            xml = xml.replace(f'network="{nic.profile.extnet}"', 'network="glitter"')
        yield xml
