# SPDX-License-Identifier: GPL-2.0-or-later
"""The fixtures of tests/vnics/rewritten against libvirt's own schema.

Some hold what Vdsm hands over (seed*, vdsm*). Others are there to be hard on the hook and need not
be libvirt's language: of them, the rewritten one has to be valid where the vNIC was so before.
"""

import re
import subprocess

import pytest
from hook import VNICS

REWRITTEN = VNICS / "rewritten"
NAMES = sorted(path.name[: -len("-out.xml")] for path in REWRITTEN.glob("*-out.xml"))
OF_VDSM = [name for name in NAMES if name.startswith(("seed", "vdsm"))]
DOMAIN = """<domain type="qemu"><name>guest</name><memory>1024</memory><os><type>hvm</type></os>
<devices>{vnic}</devices></domain>"""


def complaint(vnic, folder):
    """Return what virt-xml-validate has against a domain XML with the vNIC, a file; None if valid.

    folder: to write the domain XML to, which cannot have the vNIC's XML declaration inside.
    """
    xml = re.sub(r"^\ufeff?<\?xml.*?\?>", "", vnic.read_text(encoding="utf-8"))
    domain = folder / "domain.xml"
    domain.write_text(DOMAIN.format(vnic=xml), encoding="utf-8")
    command = ["virt-xml-validate", domain, "domain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{vnic.name}: {done.stderr}" if done.returncode else None


@pytest.mark.parametrize("name", OF_VDSM)
def test_what_vdsm_hands_over_is_valid_once_rewritten(name, tmp_path):
    assert complaint(REWRITTEN / f"{name}-out.xml", tmp_path) is None


def test_bandwidth_is_among_it():
    rewritten = [(REWRITTEN / f"{name}-out.xml").read_text("utf-8") for name in OF_VDSM]
    assert any("<bandwidth>" in xml and '<source network="glitter"/>' in xml for xml in rewritten)


def test_any_valid_vnic_is_valid_once_rewritten(tmp_path):
    valid = [name for name in NAMES if complaint(REWRITTEN / f"{name}-in.xml", tmp_path) is None]
    assert {"seed", "vdsm"} <= set(valid)
    complaints = [complaint(REWRITTEN / f"{name}-out.xml", tmp_path) for name in valid]
    assert complaints == [None] * len(valid)
