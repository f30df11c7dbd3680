# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of the lab: Debian's kernel and a busybox that tells on its console what its vNICs reach.

Software emulation (domain type qemu): /dev/kvm may be there and yet be of no use in a machine that
is a guest itself.
"""

import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from host import CommandError
from waiting import until

LIVE = Path(__file__).resolve().parent
BOOT = Path("/run/lab/boot")
CONSOLE = "/var/log/libvirt/{name}.console"

DOMAIN = """
<domain type="qemu">
  <name>{name}</name>
  <memory unit="MiB">128</memory>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <kernel>{boot}/vmlinuz</kernel>
    <initrd>{boot}/initramfs</initrd>
    <cmdline>console=ttyS0 quiet panic=1 mitigations=off cryptomgr.notests</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <controller type="usb" model="none"/>
    {free_slots}
    <serial type="file"><source path="{console}" append="off"/></serial>
    <memballoon model="none"/>
    {vnics}
  </devices>
</domain>
"""
SLOT = '<controller type="pci" model="pcie-root-port"/>'
FREE_SLOTS = '<controller type="pci" index="0" model="pcie-root"/>' + 8 * SLOT


class Attachment(NamedTuple):
    """What a running vNIC is attached to; the columns of `virsh domiflist`."""

    tap: str
    kind: str
    source: str
    model: str
    mac: str


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
        for name in ("init", "take-lease"):
            shutil.copy(LIVE / f"guest-{name}", root / name)
            (root / name).chmod(0o755)
        with (BOOT / "initramfs").open("wb") as archive:
            files = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
            pack = ["cpio", "--quiet", "--create", "--format=newc"]
            subprocess.run(pack, cwd=root, input=files.encode(), stdout=archive, check=True)


class Guest:
    """A VM that is given to libvirt as Vdsm does it: not defined, only started."""

    def __init__(self, host, name):
        """Take the Host it is to start on, and its name."""
        self.host, self.name = host, name

    def start(self, *vnics):
        """Start it with vNICs, device XML after the hook; raise CommandError if libvirt refuses."""
        parsed = map(ET.fromstring, vnics)
        elements = [ET.tostring(vnic, encoding="unicode") for vnic in parsed]
        console = CONSOLE.format(name=self.name)
        self._virsh_with_xml(
            "create",
            DOMAIN.format(
                name=self.name,
                boot=BOOT,
                console=console,
                free_slots=FREE_SLOTS,
                vnics="\n".join(elements),
            ),
        )

    def plug(self, vnic):
        """Hot-plug a vNIC, device XML after the hook."""
        self._virsh_with_xml("attach-device", vnic, "--live")

    def unplug(self, vnic):
        """Hot-unplug a vNIC by its device XML."""
        self._virsh_with_xml("detach-device", vnic, "--live")

    def update(self, vnic):
        """Update a vNIC by its device XML after the hook; raise CommandError if libvirt refuses."""
        self._virsh_with_xml("update-device", vnic, "--live")

    def _virsh_with_xml(self, command, xml, *options):
        domain = [] if command == "create" else [self.name]
        path = f"/run/libvirt/{self.name}-{command}.xml"
        self.host.write(path, xml)
        self.host.virsh(command, *domain, path, *options)

    def migrate(self, destination, address):
        """Move it as Vdsm does it, live, daemon to daemon; raise CommandError if that fails."""
        uris = f"qemu+tcp://{address}/system", "--migrateuri", f"tcp://{address}"
        self.host.virsh("migrate", "--live", "--p2p", self.name, *uris)
        self.host = destination

    def end(self):
        """End it, if it runs."""
        try:
            self.host.virsh("destroy", self.name)
        except CommandError as error:
            if "failed to get domain" not in str(error):
                raise

    def vnics(self):
        """Return {MAC: Attachment} as `virsh domiflist` tells it."""
        rows = [row.split() for row in self.host.virsh("domiflist", self.name).splitlines()]
        attachments = [Attachment(*row) for row in rows if row]
        return {attachment.mac: attachment for attachment in attachments}

    def bridges(self, mac):
        """Return the names of all the bridges of the host that the vNIC's tap is on."""
        return self.host.connections()[self.vnics()[mac].tap]

    def console(self):
        """Return what the guest has written to its console on this host, str."""
        path = self.host.root / CONSOLE.format(name=self.name).lstrip("/")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def picture(self):
        """Return what a failure is understood from: {title: text}."""
        shown = {f"console of {self.name}": self.console()[-4000:]}
        for title, command in (
            ("vNICs", ["virsh", "domiflist", self.name]),
            ("QEMU's log", ["tail", "-n", "5", f"/var/log/libvirt/qemu/{self.name}.log"]),
        ):
            try:
                shown[f"{title} of {self.name}"] = self.host.run(*command)
            except CommandError as error:
                shown[f"{title} of {self.name}"] = str(error)
        return shown

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

        return until(told, f"guest {self.name} to report of vNIC {mac}: {expected}")

    def has_booted(self):
        """Wait until the guest looks for vNICs."""
        until(self._rounds, f"guest {self.name} to boot")

    def loses(self, mac):
        """Wait until the guest sees the vNIC no more."""
        after = self._round_in_progress()

        def gone():
            return any(number > after and mac not in macs for number, macs in self._rounds())

        until(gone, f"guest {self.name} to lose vNIC {mac}")
