# SPDX-License-Identifier: GPL-2.0-or-later
"""Show, as a diff, what 50_extnet does to README's vNIC, whose profile says extnet=glitter.

Needs nothing but Python, so that `make demo` works right after a clone.
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

VNIC = """<interface type="bridge">
  <mac address="52:54:00:59:F5:3F"/>
  <model type="virtio"/>
  <source bridge="ovirtmgmt"/>
  <filterref filter="no-mac-spoofing"/>
</interface>
"""

with tempfile.TemporaryDirectory() as folder:
    device = Path(folder, "vnic.xml")
    device.write_text(VNIC, encoding="utf-8")
    command = [sys.executable, "-IS", str(Path(__file__).parents[2] / "50_extnet")]
    environ = {"extnet": "glitter", "_hook_domxml": str(device), "vmId": "demo"}
    hook = subprocess.run(command, env=environ, stderr=subprocess.PIPE, check=True)
    after = device.read_text(encoding="utf-8")

diff = difflib.unified_diff(VNIC.splitlines(), after.splitlines(), n=len(VNIC), lineterm="")
print("The profile of this vNIC has extnet=glitter. The hook changes what Vdsm made:\n")
print(*list(diff)[3:], sep="\n")  # without the names and numbers of a patch
print(f"\nand writes to vdsm.log:\n\n{hook.stderr.decode()}")
print("Next: the quick start in README.md.")
