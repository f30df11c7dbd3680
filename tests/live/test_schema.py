# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of tests/vnics/rewritten against libvirt's own schema.

Some are there to be hard on the hook and need not be libvirt's language: of them, the rewritten one
has to be valid where the vNIC was so before. The captured ones have what the kernel cannot carry.
"""

import re

from commands import run
from hook import expected, fixtures

DOMAIN = """<domain type="qemu"><name>guest</name><memory>1024</memory><os><type>hvm</type></os>
<devices>{}</devices></domain>"""


def valid(vnic, domain):
    """Tell if a domain XML, written to the file domain, is valid with the vNIC of a file."""
    xml = re.sub(r"^\ufeff?<\?xml.*?\?>", "", vnic.read_text(encoding="utf-8"))
    domain.write_text(DOMAIN.format(xml), encoding="utf-8")
    return run("virt-xml-validate", domain, "domain", status=None).returncode == 0


def test_a_valid_vnic_is_valid_once_rewritten_and_what_vdsm_hands_over_always(tmp_path):
    domain = tmp_path / "domain.xml"
    always = ("seed", "vdsm-start", "vdsm-hotplug", "vdsm-update")
    judged = [c for c in fixtures("rewritten") if c.name.startswith(always) or valid(c, domain)]
    assert len(judged) > 10
    assert [case.name for case in judged if not valid(expected(case), domain)] == []
