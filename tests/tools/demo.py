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


def main():
    """Run the hook on a copy of the sample and print the diff; exit as the hook did."""
    sample = TESTS / "vnics" / "rewritten" / "seed-in.xml"
    before = sample.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        device = Path(folder, "vnic.xml")
        device.write_text(before, encoding="utf-8")
        hook = subprocess.run(
            [sys.executable, "-IS", str(TESTS.parent / "50_extnet")],
            env={"extnet": "glitter", "_hook_domxml": str(device)},
            stderr=subprocess.PIPE,
            check=False,
        )
        after = device.read_text(encoding="utf-8")
    names = "vNIC as Vdsm made it", "vNIC as libvirt gets it"
    sys.stdout.writelines(
        difflib.unified_diff(before.splitlines(1), after.splitlines(1), *names, n=99)
    )
    print("\nand in vdsm.log:\n" + hook.stderr.decode().rstrip())
    return hook.returncode


if __name__ == "__main__":
    sys.exit(main())
