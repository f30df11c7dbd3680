# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM and its vNICs as configured in Engine; the agent creates and changes them.

The guest is Debian's kernel and busybox; it reports on its console what its vNICs can reach.
"""

import contextlib
import itertools
import re
import uuid
from typing import NamedTuple

import engine_xml
from agent import Refused, until
from lab_host import WHERE

NAMES, MACS = itertools.count(1), itertools.count(1)
FILTER = "vdsm-no-mac-spoofing"  # what Engine gives a new profile
BOOT = "/run/lab/boot"
CONSOLE = "/var/log/libvirt/{name}.console"  # on its host
BUILD_BOOT = """
mkdir -p "$2" root/bin root/dev root/proc root/sys
cp /bin/busybox root/bin
cp -r "$0" root/modules
mv root/modules/vmlinuz "$2"
install "$1" root/init
cd root
find . | cpio --quiet --create --format=newc >"$2/initramfs"
"""


class Profile(NamedTuple):
    """A vNIC profile in Engine; extnet: the custom property, None without it."""

    extnet: str | None = None
    network: str = "ovirtmgmt"
    network_filter: str | None = None  # by name; None is "No Network Filter"
    mtu: int = 1500  # the oVirt network's
    further: tuple = ()  # (name, XML), with names of engine_xml.EMPTY
    others: tuple = ()  # its other custom properties: (name, value)

    @property
    def properties(self):
        """Return its custom properties, {name: value}."""
        named = dict(self.others)
        return named if self.extnet is None else {"extnet": self.extnet, **named}

    @property
    def wanted(self):
        """Return the network that its vNICs are to be on."""
        return self.extnet or self.network

    def __str__(self):
        """Return what it is called."""
        return self.wanted


GLITTER = Profile("glitter", network_filter=FILTER)
BRIDGED = Profile("bridged", network_filter=FILTER)
OVS = Profile("ovs_net")
MACVTAP = Profile("macvtap_net")
WITHOUT = Profile(network_filter=FILTER)
ALL = [GLITTER, BRIDGED, OVS, MACVTAP, WITHOUT]


class Nic:
    """A vNIC of a Vm, as Engine has it in its database."""

    def __init__(self, vm, profile):
        self.vm, self.profile, self.link = vm, profile, "up"
        number = next(MACS)
        self.mac = f"52:54:00:59:{number >> 8:02x}:{number & 255:02x}"
        self.alias = f"ua-{uuid.uuid4()}"
        self.address = {}  # its PCI address, as Engine has learned it

    def plug(self):
        """Hot-plug it; raise Refused if that is refused."""
        self.vm.host.agent.plug(self)
        self.vm.nics.append(self)
        self.vm.learn_addresses()

    def update(self, profile=None, link=None):
        """Change its profile or its link, live; raise Refused, and change neither, if refused."""
        before = self.profile, self.link
        self.profile, self.link = profile or self.profile, link or self.link
        try:
            self.vm.host.agent.update(self)
        except Refused:
            self.profile, self.link = before
            raise

    def unplug(self):
        """Hot-unplug it; raise Refused if that is refused."""
        self.vm.host.agent.unplug(self)
        self.vm.nics.remove(self)

    def of_libvirt(self):
        """Return what libvirt says it has: (tap, type, source), None if it is not there."""
        rows = self.vm.host.do("virsh", "-r", "domiflist", self.vm.name).splitlines()
        return next((tuple(row.split()[:3]) for row in rows if self.mac in row), None)

    def on(self):
        """Return the network, of lab_host.WHERE, that its traffic goes to; None: it is on none."""
        there = self.of_libvirt()
        return self.vm.host.network_of(there[0]) if there else None

    def reports(self, **expected):
        """Wait for a new report from the guest with these values for it; return it as a dict."""
        line = re.compile(rf"^vNIC {self.mac} round=[0-9]+((?: \w+=\S+)+)\n", re.MULTILINE)
        start = len(self.vm.console())

        def told():
            for words in line.findall(self.vm.rounds_after(start)):
                report = dict(word.split("=") for word in words.split())
                if expected.items() <= report.items():
                    return report
            return None

        return until(told, f"guest {self.vm.name} to report of vNIC {self.mac}: {expected}")

    def reaches(self):
        """Wait until a router answers the guest there; return the network whose router it is."""
        router = self.reports(answers="yes")["router"]
        return next(name for name, (_, address) in WHERE.items() if address == router)

    def reaches_only(self, *names):
        """Wait until its guest, which pings host.asks, reaches these and its router, no others."""
        answers = {name: "yes" if name in names else "no" for name in self.vm.host.asks}
        self.reports(answers="yes", **answers)


@contextlib.contextmanager
def vms_of(host):
    """Yield a function that creates a Vm of the host; all of them end on leaving."""
    with contextlib.ExitStack() as ends:

        def new_vm():
            vm = Vm(host)
            ends.callback(lambda: vm.host.agent.destroy(vm))
            return vm

        yield new_vm


class Vm:
    """A VM; it starts on a LabHost."""

    def __init__(self, host):
        self.host, self.id = host, str(uuid.uuid4())
        self.name = f"guest-{next(NAMES)}"
        self.nics, self.properties = [], {}

    def console(self):
        """Return what the guest has written to its console on this host, str."""
        file = self.host.root / CONSOLE.format(name=self.name).lstrip("/")
        return file.read_text(errors="replace") if file.exists() else ""

    def rounds_after(self, start):
        """Return the reports of all rounds that began when the console had start characters."""
        before, after = self.console()[:start], self.console()[start:]
        return after.partition("\nround=")[2] if "round=" in before else after

    def add(self, *profiles):
        """Give it vNICs before it starts, one for each profile; return them."""
        new = [Nic(self, profile) for profile in profiles]
        self.nics += new
        return new

    def start(self, *, paused=False, properties=None, asks=None):
        """Start it; return when it is up; raise Refused, with the reason, if it goes down.

        properties: custom properties of its own; asks: {name: address}, what its guest pings.
        """
        self.properties = properties or {}
        asked = ",".join(f"{name}:{address}" for name, address in (asks or {}).items())
        files = {"console": CONSOLE.format(name=self.name), "boot": BOOT, "asks": asked}
        xml = engine_xml.domain(self, paused=paused, **files)
        self.host.agent.create(self, xml)
        self.learn_addresses()

    def learn_addresses(self):
        """Note the PCI addresses of its vNICs: Engine learns them from Vdsm and sends them later.

        In Engine that is VmDevicesMonitoring (4.5.7).
        """
        xml = self.host.do("virsh", "-r", "dumpxml", self.name)
        for nic in self.nics:
            found = re.search(rf"<alias name='{nic.alias}'/>\s*<address (.*)/>", xml)[1]
            nic.address = dict(re.findall(r"(\w+)='(\w+)'", found))

    def plug(self, profile):
        """Hot-plug a vNIC of a profile, and return it; raise Refused if that is refused."""
        nic = Nic(self, profile)
        nic.plug()
        return nic

    def migrate(self, destination):
        """Move it, live, to another host; raise Refused if it stays."""
        self.host.agent.migrate(self, destination)
        self.host = destination
