# SPDX-License-Identifier: GPL-2.0-or-later
"""Show, as a diff, what 50_extnet does to a vNIC whose profile says extnet=glitter.

Needs nothing but Python, so that `make demo` works right after a clone.
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

before = (TESTS / "vnics" / "rewritten" / "seed-in.xml").read_text(encoding="utf-8")
with tempfile.TemporaryDirectory() as folder:
    device = Path(folder, "vnic.xml")
    device.write_text(before, encoding="utf-8")
    command = [sys.executable, "-IS", str(TESTS.parent / "50_extnet")]
    environ = {"extnet": "glitter", "_hook_domxml": str(device)}
    hook = subprocess.run(command, env=environ, stderr=subprocess.PIPE, text=True, check=True)
    after = device.read_text(encoding="utf-8")
names = "vNIC as Vdsm made it", "vNIC as libvirt gets it"
sys.stdout.writelines(difflib.unified_diff(before.splitlines(1), after.splitlines(1), *names, n=99))
print(f"\nand in vdsm.log:\n{hook.stderr.rstrip()}")
