# SPDX-License-Identifier: GPL-2.0-or-later
"""Many VMs are started at once."""

import time
from concurrent.futures import ThreadPoolExecutor

from vnic import device_xml

VNICS, AT_A_TIME = 200, 16


def test_a_boot_storm_is_prepared_without_a_failure(vdsm, capsys):
    macs = [f"52:54:00:5a:00:{number:02x}" for number in range(VNICS)]
    start = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        prepared = list(pool.map(lambda mac: vdsm.created(device_xml(mac), "glitter"), macs))
    rate = VNICS / (time.monotonic() - start)
    with capsys.disabled():
        print(f"\n{VNICS} vNICs, {AT_A_TIME} at a time: {rate:.0f} a second")
    for mac, xml in zip(macs, prepared, strict=True):
        assert f'<mac address="{mac}"/>' in xml
        assert '<source network="glitter"/>' in xml
