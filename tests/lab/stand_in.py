# SPDX-License-Identifier: GPL-2.0-or-later
"""In the place of vdsmd: what it does between a call of Engine's and libvirt, and only that.

It hands device XML to the installed hooks, and what they leave to the real libvirt. The XML has the
forms of tests/vnics/*/vdsm-*, captured from vdsmd; the rest was read in lib/vdsm/virt/vm.py and
lib/vdsm/common/hooks.py of 4.50.7. With VDSM= the same tests go through vdsmd.
"""

import os
import re
import uuid
from xml.etree import ElementTree

import engine_xml
from agent import AS_SERVICE, DOWNTIME, HOOKS, LOG, SAVED, Refused, until
from commands import run
from hook import POINTS

# What `vdsm-tool configure` does for libvirt, so that changing something takes a password.
CONFIGURE = r"""
mkdir -p /usr/libexec/vdsm
printf '%s\n' 'mech_list: scram-sha-256' 'sasldb_path: /etc/libvirt/passwd.db' \
    >/etc/sasl2/libvirt.conf
saslpasswd2 -p -a libvirt vdsm@ovirt </etc/pki/vdsm/keys/libvirt_password
"""
NWFILTER = """<filter name="vdsm-no-mac-spoofing" chain="root"><filterref filter="no-mac-spoofing"/>
<filterref filter="no-arp-mac-spoofing"/></filter>"""
# virsh has the password, whatever the host's admin did.
LOGIN = {**os.environ, "LIBVIRT_AUTH_FILE": "/run/vdsm/auth.conf"}


class StandIn:
    """The agent of a host without Vdsm; its methods are described in agent.py."""

    def __init__(self, host):
        self.host = host
        self.types = {}  # by a vNIC's alias, where the type is not "bridge"
        self.saved = {}  # by a VM's name, its vNICs when it was suspended, Elements

    def start(self):
        """Define the network filter that Vdsm defines."""
        self._virsh("nwfilter-define", "/dev/stdin", given=NWFILTER)

    def create(self, vm, xml):
        """Start a VM."""
        root = ElementTree.fromstring(xml)
        devices = root.find("devices")
        for number, vnic in enumerate(list(devices)):
            if vnic.tag == "interface":
                ready = self._hooked(POINTS[0], _nic(vm, vnic), _pretty(vnic))
                devices[number] = ElementTree.fromstring(ready)
        paused = ["--paused"] if "launchPaused>true<" in xml else []
        domain = ElementTree.tostring(root, encoding="unicode")
        self._virsh("create", "/dev/stdin", *paused, given=domain)

    def plug(self, nic):
        """Hot-plug a vNIC."""
        plain = _line(ElementTree.fromstring(engine_xml.vnic_xml(nic)))
        ready = self._hooked(POINTS[1], nic, plain)
        self._virsh("attach-device", nic.vm.name, "/dev/stdin", "--live", given=ready)

    def update(self, nic):
        """Change a vNIC, live; where that fails, send the XML without the hooks' work."""
        plain = _pretty(self._changed(nic))
        change = ["update-device", nic.vm.name, "/dev/stdin", "--live"]
        try:
            self._virsh(*change, given=self._hooked(POINTS[2], nic, plain))
        except Refused as refused:
            self._log(f"{refused}")
            self._virsh(*change, given=plain)  # Vdsm's "rollback"
            raise

    def unplug(self, nic):
        """Hot-unplug a vNIC."""
        plain = _pretty(self._changed(nic))
        self._virsh("detach-device", nic.vm.name, "/dev/stdin", "--live", given=plain)
        until(lambda: not nic.of_libvirt(), f"{nic.vm.name} to let its vNIC go")

    def destroy(self, vm):
        """End a VM, if it is there."""
        self.host.do("virsh", "destroy", vm.name, status=None, env=LOGIN)

    def suspend(self, vm):
        """Suspend a VM into a file of the host."""
        self.saved[vm.name] = self._vnics(vm)
        self._virsh("save", vm.name, SAVED.format(vm.id))

    def resume(self, vm):
        """Start a suspended VM; what the hooks make of its vNICs is ignored, their failure not."""
        for vnic in self.saved[vm.name]:
            self._hooked(POINTS[0], _nic(vm, vnic), _pretty(vnic))
        self._virsh("restore", SAVED.format(vm.id))
        self.restart([vm])

    def migrate(self, vm, destination):
        """Move a VM, live, to another host."""
        self._virsh("migrate-setmaxdowntime", vm.name, DOWNTIME)
        uris = f"qemu+tcp://{destination.address}/system", f"tcp://{destination.address}"
        self._virsh("migrate", "--live", vm.name, uris[0], "--migrateuri", uris[1])
        destination.agent.restart([vm])

    def restart(self, vms):
        """Take the types of all vNICs from libvirt's live XML, which is what vdsmd does then."""
        for vm in vms:
            self.types |= {_alias(vnic): vnic.get("type") for vnic in self._vnics(vm)}

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

    def _changed(self, nic):
        """Return the Element by which Vdsm would change or unplug a vNIC, as Engine has it now."""
        wanted = ElementTree.fromstring(engine_xml.vnic_xml(nic))
        live = next(each for each in self._vnics(nic.vm) if _alias(each) == nic.alias)
        new = ElementTree.Element("interface", type=self.types.get(nic.alias, "bridge"))
        new.append(live.find("address"))
        for name in "mac", "model", "source", "mtu", "link", "alias", "filterref":
            new.extend(wanted.findall(name))
        return new

    def _hooked(self, point, nic, xml):
        """Run the hooks of a hook point on the XML, str, of a vNIC; return what they leave.

        Raises Refused, with the stderr of the last hook that ran, if one of them failed.
        """
        folder = self.host.root / HOOKS / point
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        file = f"/tmp/tmp{uuid.uuid4().hex[:8]}"  # noqa: S108 (where Vdsm has it)
        environ = {"extnet": nic.profile.extnet} if nic.profile.extnet else {}
        environ |= {**nic.vm.properties, "vmId": nic.vm.id}
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


def _nic(vm, vnic):
    """Return the vm.Nic of a VM that an Element is of."""
    return next(nic for nic in vm.nics if nic.alias == _alias(vnic))


def _line(vnic):
    """Return an Element as Vdsm writes it at a hot plug."""
    return ElementTree.tostring(vnic, encoding="utf-8", xml_declaration=True).decode()


def _pretty(vnic):
    """Return an Element as Vdsm writes it everywhere else."""
    ElementTree.indent(vnic, "    ")
    vnic.tail = None
    return _line(vnic) + "\n"
