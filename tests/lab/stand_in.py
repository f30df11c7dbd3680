# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for vdsmd: it does what vdsmd does between a call from Engine and libvirt, no more.

It passes device XML to the installed hooks, and what they leave in the file to the real libvirt.
The forms of the XML are those of tests/vnics/*/vdsm-*, captured from vdsmd. The rest was read in
lib/vdsm/virt/vm.py, lib/vdsm/virt/vmdevices/network.py and lib/vdsm/common/hooks.py of VERSION.
With VDSM=, the same tests call vdsmd; test_agent.py has what both must do.
"""

import os
import re
import uuid
from dataclasses import dataclass
from xml.etree import ElementTree

import engine_xml
from agent import AS_SERVICE, DOWNTIME, HOOKS, LIBVIRT, LOG, SAVED, Agent, Refused, until
from commands import run
from hook import POINTS

VERSION = "4.50.7"
# What `vdsm-tool configure` does for libvirt, so that every change needs a password.
CONFIGURE = r"""
mkdir -p /usr/libexec/vdsm
printf '%s\n' 'mech_list: scram-sha-256' 'sasldb_path: /etc/libvirt/passwd.db' \
    >/etc/sasl2/libvirt.conf
saslpasswd2 -p -a libvirt vdsm@ovirt </etc/pki/vdsm/keys/libvirt_password
"""
# With a UUID, libvirt defines it again without an error.
NWFILTER = """<filter name="vdsm-no-mac-spoofing" chain="root">
<uuid>5fcd52ba-1b0d-4f0b-9e0a-3b2a4f4d7c11</uuid>
<filterref filter="no-mac-spoofing"/><filterref filter="no-arp-mac-spoofing"/></filter>"""
MODULES = "/usr/lib/python3/dist-packages/vdsm/hook"
LIST_HOOKS = """
for file in "$0"/*; do
    if [ -f "$file" ] && [ -x "$file" ]; then echo "$file"; fi
done"""


@dataclass
class Known:
    """What Vdsm knows of a vNIC besides its live XML."""

    properties: dict  # its custom properties, as Engine sent them last
    stored: dict  # those in the metadata of its VM, which are one change behind
    type: str = "bridge"


class StandIn(Agent):
    """The agent of a host without Vdsm."""

    def __init__(self, host):
        super().__init__(host)
        self.known = {}  # by the alias of a vNIC
        self.saved = {}  # the vNICs of a suspended VM, Elements, by the VM's name

    def version(self):
        """Return the version that it copies."""
        return VERSION

    def start(self):
        """Define the network filter that Vdsm defines."""
        self._virsh("nwfilter-define", "/dev/stdin", given=NWFILTER)

    def create(self, vm, xml):
        """Start a VM."""
        root = ElementTree.fromstring(xml)
        devices = root.find("devices")
        for number, vnic in enumerate(list(devices)):
            if vnic.tag == "interface":
                nic = next(nic for nic in vm.nics if nic.alias == _alias(vnic))
                own = _as_read(nic.profile.properties)
                devices[number] = _parsed(self._hooked(POINTS[0], vm, own, _pretty(vnic)))
                self.known[nic.alias] = Known(own, own)
        paused = ["--paused"] if "launchPaused>true<" in xml else []
        domain = ElementTree.tostring(root, encoding="unicode")
        self._virsh("create", "/dev/stdin", *paused, given=domain)

    def plug(self, nic):
        """Hot-plug a vNIC."""
        vnic, own = _sent(nic)
        ready = self._hooked(POINTS[1], nic.vm, own, _line(vnic))
        self._virsh("attach-device", nic.vm.name, "/dev/stdin", "--live", given=ready)
        self.known[nic.alias] = Known(own, own)

    def update(self, nic):
        """Change a vNIC; if that fails, send the XML without the hooks' changes."""
        plain, (_, own) = _pretty(self._changed(nic)), _sent(nic)
        change = ["update-device", nic.vm.name, "/dev/stdin", "--live"]
        try:
            self._virsh(*change, given=self._hooked(POINTS[2], nic.vm, own, plain))
        except Refused as refused:
            self._log(f"{refused}")
            self._virsh(*change, given=plain)  # Vdsm's "rollback"
            raise
        known = self.known[nic.alias]
        known.properties, known.stored = own, known.properties

    def unplug(self, nic):
        """Hot-unplug a vNIC."""
        plain = _pretty(self._changed(nic))
        self._virsh("detach-device", nic.vm.name, "/dev/stdin", "--live", given=plain)
        until(lambda: not nic.of_libvirt(), f"{nic.vm.name} to let its vNIC go")

    def destroy(self, vm):
        """End a VM."""
        self.host.do("virsh", "-c", LIBVIRT, "destroy", vm.name, status=None)

    def suspend(self, vm):
        """Save a VM's state in a file."""
        self.saved[vm.name] = self._vnics(vm)
        self._virsh("save", vm.name, SAVED.format(vm.id))

    def resume(self, vm):
        """Start a suspended VM: the hooks' changes to its vNICs are ignored, but not a failure."""
        for vnic in self.saved[vm.name]:
            if stored := self.known[_alias(vnic)].stored:
                self._hooked(POINTS[0], vm, stored, _pretty(vnic))
        self._virsh("restore", SAVED.format(vm.id))
        self.restart([vm])

    def migrate(self, vm, destination):
        """Move a VM."""
        self._virsh("migrate-setmaxdowntime", vm.name, DOWNTIME)
        uris = f"qemu+tcp://{destination.address}/system", f"tcp://{destination.address}"
        self._virsh("migrate", "--live", vm.name, uris[0], "--migrateuri", uris[1])
        destination.agent.known |= self.known
        destination.agent.restart([vm])

    def restart(self, vms):
        """Read the vNICs from libvirt's live XML, and their properties from the metadata."""
        for vnic in [vnic for vm in vms for vnic in self._vnics(vm)]:
            stored = self.known[_alias(vnic)].stored
            self.known[_alias(vnic)] = Known(stored, stored, vnic.get("type"))

    def _virsh(self, *arguments, given=""):
        """Run virsh, given text on stdin; return what it prints; raise Refused with its words."""
        command = self.host.inside(["virsh", "--quiet", "-c", LIBVIRT, *arguments])
        done = run(*command, status=None, stdin=None, input=given)
        if done.returncode:
            raise Refused(re.sub(r"^error: ", "", done.stderr, flags=re.M).strip())
        return done.stdout

    def _vnics(self, vm):
        """Return the Elements of a VM's vNICs in its live domain XML."""
        return ElementTree.fromstring(self._virsh("dumpxml", vm.name)).findall("devices/interface")

    def _changed(self, nic):
        """Return the Element by which Vdsm would change or unplug a vNIC, as Engine has it now."""
        live = next(each for each in self._vnics(nic.vm) if _alias(each) == nic.alias)
        sent, _ = _sent(nic)
        driver = live.find("driver")
        if driver is not None:
            named = {name: driver.get(name) for name in ("queues", "name")}
            driver.attrib = {name: value for name, value in named.items() if value}
        bandwidth = ["bandwidth"] if len(sent.find("bandwidth")) else []
        new = ElementTree.Element("interface", type=self.known[nic.alias].type)
        for origin, names in (
            (live, ["address", "mac", "model"]),
            (sent, ["source", "mtu", "port", "link"]),
            (live, ["boot", "driver", "tune", "alias"]),
            (sent, [*bandwidth, "filterref"]),
        ):
            for name in names:
                new.extend(origin.findall(name))
        return new

    def _hooked(self, point, vm, properties, xml):
        """Run the hooks of a hook point on the XML, str, of a vNIC; return what they leave.

        properties: those of the vNIC. Raises Refused if a hook fails, with the stderr of the last
        hook that ran, or if the hooks leave no text.
        """
        file = f"/tmp/tmp{uuid.uuid4().hex[:8]}"  # noqa: S108 (where Vdsm has it)
        environ = {**properties, **_as_read(vm.properties), "vmId": vm.id, "_hook_domxml": file}
        environ["PYTHONPATH"] = f"{environ.get('PYTHONPATH', '')}:{MODULES}"
        as_service = [*AS_SERVICE, *(f"{name}={value}" for name, value in environ.items())]
        failed, said, path = False, "", self.host.root / file.lstrip("/")
        path.touch(0o600)
        path.write_text(xml, encoding="utf-8")
        os.chown(path, 36, 36)
        try:
            hooks = self.host.do(*AS_SERVICE, "sh", "-c", LIST_HOOKS, f"/{HOOKS}/{point}")
            for hook in sorted(hooks.splitlines()):
                done = run(*self.host.inside([*as_service, hook]), status=None, text=False)
                said = done.stderr
                self._log(f"{hook}: rc={done.returncode} err={said}")
                failed = failed or done.returncode != 0
                if done.returncode == 2:
                    break
            if failed:
                raise Refused(f"Hook Error: ({said},)")
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(str(error)) from error
        finally:
            path.unlink(missing_ok=True)

    def _log(self, line):
        """Append a line to the host's vdsm.log."""
        with (self.host.root / LOG.lstrip("/")).open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


AGENT = StandIn


def _alias(vnic):
    """Return the alias of a vNIC, an Element."""
    return vnic.find("alias").get("name")


def _sent(nic):
    """Return what Vdsm reads of a vm.Nic that Engine plugs or changes: Element, properties."""
    vnic = ElementTree.fromstring(engine_xml.vnic_xml(nic))
    driver = vnic.find("driver")
    queues = driver.get("queues") if driver is not None else None
    own = _as_read(nic.profile.properties)
    return vnic, {**own, "queues": queues} if queues else own


def _as_read(properties):
    """Return custom properties, {name: value}, as Vdsm reads them from Engine's XML."""
    xml = f'<vm xmlns:ovirt-vm="{engine_xml.VM}">{engine_xml.custom(properties)}</vm>'
    (custom,) = ElementTree.fromstring(xml)
    return {each.tag.partition("}")[2]: each.text or "" for each in custom}


def _parsed(xml):
    """Return the Element of a device's XML, str; raise Refused if it is broken."""
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise Refused(str(error)) from error


def _line(vnic):
    """Return an Element as Vdsm writes it at a hot plug."""
    return ElementTree.tostring(vnic, encoding="utf-8", xml_declaration=True).decode()


def _pretty(vnic):
    """Return an Element as Vdsm writes it everywhere else."""
    ElementTree.indent(vnic, "    ")
    vnic.tail = None
    return _line(vnic) + "\n"
