# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of the lab: Debian's kernel and a busybox that tells on its console what its vNICs reach.

Software emulation (domain type qemu): /dev/kvm may be there and yet be of no use in a machine that
is a guest itself.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from waiting import until

LIVE = Path(__file__).resolve().parent
BOOT = Path("/run/lab/boot")
CONSOLE = "/var/log/libvirt/{name}.console"  # on its host


def build_boot(kernel):
    """Make BOOT, with vmlinuz and initramfs, of the folder with the kernel and its modules."""
    BOOT.mkdir(parents=True)
    shutil.copy(kernel / "vmlinuz", BOOT)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("bin", "dev", "proc", "sys"):
            (root / name).mkdir()
        shutil.copy("/bin/busybox", root / "bin")
        shutil.copytree(kernel, root / "modules", ignore=lambda *_: ["vmlinuz"])
        shutil.copy(LIVE / "guest-init", root / "init")
        (root / "init").chmod(0o755)
        with (BOOT / "initramfs").open("wb") as archive:
            files = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
            pack = ["cpio", "--quiet", "--create", "--format=newc"]
            subprocess.run(pack, cwd=root, input=files.encode(), stdout=archive, check=True)


class Guest:
    """The system in a Vm, known by its console."""

    def __init__(self, vm):
        """Take the Vm."""
        self.vm = vm

    def console(self):
        """Return what the guest has written to its console on this host, str."""
        try:
            return self.vm.host.read(CONSOLE.format(name=self.vm.name))
        except FileNotFoundError:
            return ""

    def picture(self):
        """Return what a failure is understood from: {title: text}."""
        name = self.vm.name
        look = f"virsh domiflist {name}; tail -n 5 /var/log/libvirt/qemu/{name}.log"
        shown = self.vm.host.run("sh", "-c", f"({look}) 2>&1; true")
        return {f"{name}'s console": self.console()[-3000:], f"{name}'s vNICs and log": shown}

    def _rounds(self):
        """Return [(number, MACs)] of the rounds of reports that the guest has finished."""
        found = re.findall(r"^round=([0-9]+) vNICs:(.*)\n", self.console(), re.MULTILINE)
        return [(int(number), macs.split()) for number, macs in found]

    def _round_in_progress(self):
        """Return the number of the last round that may have begun before now; 0: none has."""
        rounds = self._rounds()
        return rounds[-1][0] + 1 if rounds else 0

    def reports(self, mac, **expected):
        """Wait until the guest, from now on, reports this of a vNIC; return the report, a dict."""
        after = self._round_in_progress()
        line = re.compile(rf"^vNIC {mac} round=([0-9]+)((?: \w+=\S+)+)\n", re.MULTILINE)

        def told():
            for number, words in line.findall(self.console()):
                report = dict(word.split("=") for word in words.split())
                if int(number) > after and expected.items() <= report.items():
                    return report
            return None

        return until(told, f"guest {self.vm.name} to report of vNIC {mac}: {expected}")

    def has_booted(self):
        """Wait until the guest looks for vNICs."""
        until(self._rounds, f"guest {self.vm.name} to boot")

    def loses(self, mac):
        """Wait until the guest sees the vNIC no more."""
        after = self._round_in_progress()

        def gone():
            return any(number > after and mac not in macs for number, macs in self._rounds())

        until(gone, f"guest {self.vm.name} to lose vNIC {mac}")
