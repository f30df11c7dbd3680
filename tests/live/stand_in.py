# SPDX-License-Identifier: GPL-2.0-or-later
"""In the place of vdsmd: what it does between a call of Engine's and libvirt, and only that.

It hands device XML to the installed hooks, and what they leave to the real libvirt. The XML has the
forms of tests/vnics/*/vdsm-*, captured from vdsmd; the rest was read in lib/vdsm/virt/vm.py and
lib/vdsm/common/hooks.py of 4.50.7. With VDSM= the same tests go through vdsmd.
"""

import os
import re
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree

import engine_xml
from agent import AS_SERVICE, DOWNTIME, HOOKS, LOG, SAVED, Refused, until
from commands import run
from hook import POINTS

METADATA = {"ovirt-vm": "http://ovirt.org/vm/1.0"}
# What `vdsm-tool configure` does for libvirt, so that changing something takes a password.
CONFIGURE = r"""
mkdir -p /usr/libexec/vdsm
printf '%s\n' 'mech_list: scram-sha-256' 'sasldb_path: /etc/libvirt/passwd.db' \
    >/etc/sasl2/libvirt.conf
saslpasswd2 -p -a libvirt vdsm@ovirt </etc/pki/vdsm/keys/libvirt_password
"""
FILTER = """<filter name="vdsm-no-mac-spoofing" chain="root"><filterref filter="no-mac-spoofing"/>
<filterref filter="no-arp-mac-spoofing"/></filter>"""
# virsh has the password, whatever the host's admin did.
LOGIN = {**os.environ, "LIBVIRT_AUTH_FILE": "/run/vdsm/auth.conf"}


@dataclass
class Known:
    """What is known of a VM: custom properties, its own and by alias its vNICs', and their types.

    types: by alias, where it is not "bridge"; saved: its vNICs when it was suspended, Elements.
    """

    custom: dict
    of_vnics: dict
    types: dict = field(default_factory=dict)
    saved: list = field(default_factory=list)


class StandIn:
    """The agent of a host without Vdsm; its methods are described in agent.py."""

    def __init__(self, host):
        """Take the LabHost."""
        self.host, self.known = host, {}

    def start(self):
        """Define the network filter that Vdsm defines."""
        self._virsh("nwfilter-define", "/dev/stdin", given=FILTER)

    def create(self, vm, xml):
        """Start a VM."""
        root = ElementTree.fromstring(xml)
        inner = root.find("metadata/ovirt-vm:vm", METADATA)
        known = Known(_properties(inner), _properties_of_vnics(inner))
        paused = inner.findtext("ovirt-vm:launchPaused", namespaces=METADATA) == "true"
        devices = root.find("devices")
        for number, vnic in enumerate(list(devices)):
            if vnic.tag == "interface":
                given = vm, known, _alias(vnic), _pretty(vnic)
                devices[number] = ElementTree.fromstring(self._hooked(POINTS[0], *given))
        domain = ElementTree.tostring(root, encoding="unicode")
        self._virsh("create", "/dev/stdin", *(["--paused"] if paused else []), given=domain)
        self.known[vm.id] = known

    def plug(self, nic):
        """Hot-plug a vNIC."""
        vnic, properties = _vnic_of(engine_xml.hotplug(nic))
        vm, known = nic.vm, self.known[nic.vm.id]
        known.of_vnics[nic.alias] = properties
        ready = self._hooked(POINTS[1], vm, known, nic.alias, _line(vnic))
        self._virsh("attach-device", vm.name, "/dev/stdin", "--live", given=ready)

    def update(self, nic):
        """Change a vNIC, live; where that fails, send the XML without the hooks' work."""
        vnic, properties = _vnic_of(engine_xml.hotplug(nic))
        vm, known, alias = nic.vm, self.known[nic.vm.id], nic.alias
        plain = _pretty(self._changed(vm, vnic))
        change = ["update-device", vm.name, "/dev/stdin", "--live"]
        before = known.of_vnics[alias]
        known.of_vnics[alias] = properties
        try:
            self._virsh(*change, given=self._hooked(POINTS[2], vm, known, alias, plain))
        except Refused as refused:
            known.of_vnics[alias] = before
            self._log(f"{refused}")
            self._virsh(*change, given=plain)  # Vdsm's "rollback"
            raise

    def unplug(self, nic):
        """Hot-unplug a vNIC."""
        vm, (vnic, _) = nic.vm, _vnic_of(engine_xml.hotplug(nic))
        plain = _pretty(self._changed(vm, vnic))
        self._virsh("detach-device", vm.name, "/dev/stdin", "--live", given=plain)
        until(
            lambda: nic.alias not in map(_alias, self._vnics(vm)), f"{vm.name} to let its vNIC go"
        )

    def destroy(self, vm):
        """End a VM, if it is there."""
        self.host.do("virsh", "destroy", vm.name, status=None, env=LOGIN)
        self.known.pop(vm.id, None)

    def suspend(self, vm):
        """Suspend a VM into a file of the host."""
        self.known[vm.id].saved = self._vnics(vm)
        self._virsh("save", vm.name, SAVED.format(vm.id))

    def resume(self, vm):
        """Start a suspended VM; what the hooks make of its vNICs is ignored, their failure not."""
        known = self.known[vm.id]
        for vnic in known.saved:
            self._hooked(POINTS[0], vm, known, _alias(vnic), _pretty(vnic))
        self._virsh("restore", SAVED.format(vm.id))
        self._learn(vm, known)

    def migrate(self, vm, destination):
        """Move a VM, live, to another host."""
        self._virsh("migrate-setmaxdowntime", vm.name, DOWNTIME)
        uris = f"qemu+tcp://{destination.address}/system", f"tcp://{destination.address}"
        self._virsh("migrate", "--live", vm.name, uris[0], "--migrateuri", uris[1])
        there = destination.agent
        there.known[vm.id] = self.known.pop(vm.id)
        there._learn(vm, there.known[vm.id])

    def restart(self, vms):
        """Take the types of all vNICs from libvirt's live XML, which is what vdsmd does then."""
        for vm in vms:
            self._learn(vm, self.known[vm.id])

    def _learn(self, vm, known):
        """Take the types of a VM's vNICs from libvirt's live XML."""
        known.types = {_alias(vnic): vnic.get("type") for vnic in self._vnics(vm)}

    def _virsh(self, *arguments, given=""):
        """Run virsh, given text on stdin; return what it prints; raise Refused with its words."""
        command = self.host.inside(["virsh", "--quiet", *arguments])
        done = run(*command, status=None, stdin=None, input=given, env=LOGIN)
        if done.returncode:
            raise Refused(re.sub(r"^error: ", "", done.stderr, flags=re.M).strip())
        return done.stdout

    def _vnics(self, vm):
        """Return the Elements of a VM's vNICs in its live domain XML."""
        return ElementTree.fromstring(self._virsh("dumpxml", vm.name)).findall("devices/interface")

    def _changed(self, vm, vnic):
        """Return the Element by which Vdsm would change or unplug a vNIC, as Engine has it now."""
        alias = _alias(vnic)
        live = next(each for each in self._vnics(vm) if _alias(each) == alias)
        new = ElementTree.Element("interface", type=self.known[vm.id].types.get(alias, "bridge"))
        new.append(live.find("address"))
        new.extend(vnic.findall(name)[0] for name in ("mac", "model", "source", "mtu", "link"))
        new.extend(vnic.findall("alias") + vnic.findall("filterref"))
        return new

    def _hooked(self, point, vm, known, alias, xml):
        """Run the hooks of a hook point on a device XML, str; return what they leave, str.

        Raises Refused, with the stderr of the last hook that ran, if one of them failed.
        """
        folder = self.host.root / HOOKS / point
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        file = f"/tmp/tmp{uuid.uuid4().hex[:8]}"  # noqa: S108 (where Vdsm has it)
        environ = {**known.of_vnics.get(alias, {}), **known.custom, "vmId": vm.id}
        modules = ":/usr/lib/python3/dist-packages/vdsm/hook"
        environ |= {"PYTHONPATH": modules, "_hook_domxml": file}
        as_service = [*AS_SERVICE, *(f"{name}={value}" for name, value in environ.items())]
        failed, said, path = False, "", self.host.root / file.lstrip("/")
        path.touch(0o600)
        path.write_text(xml, encoding="utf-8")
        os.chown(path, 36, 36)
        try:
            for hook in visible:
                if not (hook.is_file() and os.access(hook, os.X_OK)):
                    continue
                installed = f"/{HOOKS}/{point}/{hook.name}"
                done = run(*self.host.inside([*as_service, installed]), status=None, text=False)
                said = done.stderr
                self._log(f"{installed}: rc={done.returncode} err={said}")
                failed = failed or done.returncode != 0
                if done.returncode == 2:
                    break
            if failed:
                raise Refused(f"Hook Error: ({said},)")
            return path.read_text(encoding="utf-8")
        finally:
            path.unlink()

    def _log(self, line):
        """Append a line to the host's vdsm.log."""
        with (self.host.root / LOG.lstrip("/")).open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


AGENT = StandIn


def _alias(vnic):
    """Return the alias of a vNIC's Element."""
    return vnic.find("alias").get("name")


def _line(vnic):
    """Return an Element as Vdsm writes it at a hot plug."""
    return ElementTree.tostring(vnic, encoding="utf-8", xml_declaration=True).decode()


def _pretty(vnic):
    """Return an Element as Vdsm writes it everywhere else."""
    ElementTree.indent(vnic, "    ")
    vnic.tail = None
    return _line(vnic) + "\n"


def _properties(element):
    """Return the custom properties right below an element of the metadata, a dict."""
    found = element.findall("ovirt-vm:custom/*", METADATA)
    return {each.tag.partition("}")[2]: each.text or "" for each in found}


def _properties_of_vnics(metadata):
    """Return {alias: custom properties} of all vNICs in an <ovirt-vm:vm>."""
    devices = metadata.findall("ovirt-vm:device", METADATA)
    return {device.get("alias"): _properties(device) for device in devices}


def _vnic_of(xml):
    """Return the Element and the custom properties of the vNIC that Engine plugs or changes."""
    root = ElementTree.fromstring(xml)
    vnic = root.find("devices/interface")
    return vnic, _properties_of_vnics(root.find("metadata/ovirt-vm:vm", METADATA))[_alias(vnic)]
