# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab: network, mount and UTS namespaces with a libvirtd, and Open vSwitch, in them.

As on a host of oVirt there is an oVirt network, the Linux bridge ovirtmgmt, here with a router and
a DHCP server of its own, so that a guest can tell on which side it is.
"""

import json
import subprocess
import uuid
from pathlib import Path

from waiting import until

NETWORKS = Path(__file__).resolve().parent.parent / "networks"

# What a vNIC's tap is on, and the router that it reaches there.
GLITTER_BRIDGE, GLITTER_ROUTER = "virbr-glitter", "192.168.150.1"
OVIRT_BRIDGE, OVIRT_ROUTER = "ovirtmgmt", "192.168.160.1"
OVS_BRIDGE, OVS_ROUTER = "ovsbr0", "192.168.170.1"
MACVTAP_NIC, MACVTAP_ROUTER = "eth1", "192.168.180.1"

SOURCE, DESTINATION = "192.168.190.1", "192.168.190.2"  # the ends of the cable between two hosts

ENTER = """
hostname "$0"
umount --recursive /sys  # with its cgroups, which libvirtd would use
mount -t sysfs sysfs /sys
mkdir -p /run/libvirt /run/openvswitch
for folder in /etc/libvirt /run/libvirt /run/openvswitch /var; do mount -t tmpfs lab $folder; done
mkdir -p /var/log/libvirt
ln -s /run /var/run
cp -r /usr/share/libvirt/nwfilter /etc/libvirt/
for file in passwd group; do  # libvirtd asks for its default user even if qemu.conf has another
    sed 's/^root:/libvirt-qemu:/' /etc/$file | cat /etc/$file - >/run/libvirt/$file
    mount --bind /run/libvirt/$file /etc/$file
done
ip link set lo up
echo entered
exec cat
"""

LIBVIRTD = """
host_uuid = "{uuid}"
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""
QEMU = """
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
stdio_handler = "file"
"""

HOSTS = []  # all of them, for what a failure shows


class Host:
    """What is started on it ends with the lab's namespaces, at the latest."""

    def __init__(self, name):
        """Make the namespaces; the name is the host's name."""
        self.name = name
        self.daemons = []
        command = ["unshare", "--mount", "--net", "--uts", "sh", "-ec", ENTER, name]
        pipe = subprocess.PIPE
        self.keeper = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        if self.keeper.stdout.readline() != b"entered\n":
            raise RuntimeError(f"host {name} has no namespaces of its own")
        self.root = Path(f"/proc/{self.keeper.pid}/root")
        HOSTS.append(self)

    def _inside(self, command):
        spaces = ["--mount", "--net", "--uts"]
        return ["nsenter", "--target", str(self.keeper.pid), *spaces, *map(str, command)]

    def run(self, *command):
        """Run a command on the host, return its stdout; raise CommandError if it fails."""
        done = subprocess.run(self._inside(command), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return done.stdout

    def virsh(self, *arguments):
        """Run virsh on the host as run() does."""
        return self.run("virsh", "--quiet", *arguments)

    def daemon(self, *command):
        """Start a program that stays in the foreground, with its output in /var/log/libvirt."""
        number = len(self.daemons)
        log = self.root / f"var/log/libvirt/{command[0]}-{number}.out"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self._inside(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.daemons.append(process)
        return process

    def write(self, path, text):
        """Write a file of the host's own."""
        (self.root / path.lstrip("/")).write_text(text, encoding="utf-8")

    def start_libvirt(self):
        """Start libvirtd and wait until it answers."""

        def settled():
            return libvirtd.poll() is not None or self.succeeds("virsh", "version")

        self.write("/etc/libvirt/libvirtd.conf", LIBVIRTD.format(uuid=uuid.uuid4()))
        self.write("/etc/libvirt/qemu.conf", QEMU)
        libvirtd = self.daemon("libvirtd", "--listen", "--pid-file", "/run/libvirt/lab.pid")
        until(settled, f"libvirtd on {self.name} to answer or to give up")
        if libvirtd.poll() is not None:
            raise RuntimeError(f"libvirtd on {self.name} gave up, see /var/log/libvirt there")

    def start_openvswitch(self):
        """Start Open vSwitch, forwarding in user space; wait until its database answers."""
        database = "/run/openvswitch/conf.db"
        self.run("ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema")
        self.daemon(
            "ovsdb-server", "--verbose=warn", "--remote=punix:/run/openvswitch/db.sock", database
        )
        until(lambda: self.succeeds("ovs-vsctl", "--no-wait", "init"), "ovsdb-server")
        self.daemon("ovs-vswitchd", "--verbose=warn")

    def succeeds(self, *command):
        """Tell if a command on the host exits with 0."""
        try:
            self.run(*command)
        except CommandError:
            return False
        return True

    def add_ovirt_network(self):
        """Make the bridge that Vdsm would have made for the cluster's management network."""
        self.run("ip", "link", "add", OVIRT_BRIDGE, "type", "bridge", "forward_delay", "0")
        self.serve_dhcp(OVIRT_BRIDGE, OVIRT_ROUTER)

    def add_openvswitch_bridge(self):
        """Make an Open vSwitch bridge with a router and a DHCP server on its internal port."""
        kind = ["--", "set", "bridge", OVS_BRIDGE, "datapath_type=netdev"]
        self.run("ovs-vsctl", "add-br", OVS_BRIDGE, *kind)
        self.serve_dhcp(OVS_BRIDGE, OVS_ROUTER)

    def add_nic(self):
        """Make a NIC of the host; at the other end of its cable is a router with a DHCP server."""
        router = f"{MACVTAP_NIC}-router"
        self.run("ip", "link", "add", MACVTAP_NIC, "type", "veth", "peer", "name", router)
        self.run("ip", "link", "set", MACVTAP_NIC, "up")
        self.serve_dhcp(router, MACVTAP_ROUTER)

    def add_cable_to(self, other):
        """Join this host, as SOURCE, and another, as DESTINATION, by a veth pair."""
        peer = ["peer", "name", "cable", "netns", str(other.keeper.pid)]
        self.run("ip", "link", "add", "cable", "type", "veth", *peer)
        for host, address in (self, SOURCE), (other, DESTINATION):
            host.run("ip", "address", "add", f"{address}/24", "dev", "cable")
            host.run("ip", "link", "set", "cable", "up")

    def serve_dhcp(self, interface, router):
        """Give the interface the router's address, and serve leases of its network, a /24."""
        self.run("ip", "address", "add", f"{router}/24", "dev", interface)
        self.run("ip", "link", "set", interface, "up")
        network = router.rpartition(".")[0]
        self.daemon(
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--port=0",
            "--no-ping",
            "--bind-interfaces",
            f"--interface={interface}",
            "--except-interface=lo",
            f"--dhcp-range={network}.2,{network}.254",
            f"--dhcp-leasefile=/run/libvirt/{interface}.leases",
            f"--pid-file=/run/libvirt/{interface}.pid",
        )

    def define_network(self, name):
        """Define a libvirt network of the folder tests/networks as an admin would, and start it."""
        path = f"/run/libvirt/{name}.xml"
        self.write(path, (NETWORKS / f"{name}.xml").read_text(encoding="utf-8"))
        self.virsh("net-define", path)
        self.virsh("net-start", name)

    def drop_network(self, name):
        """Stop and undefine a libvirt network."""
        self.virsh("net-destroy", name)
        self.virsh("net-undefine", name)

    def connections(self):
        """Return {network interface: bridges it is on}, Linux's and Open vSwitch's, of the host."""
        links = json.loads(self.run("ip", "-json", "link", "show"))
        found = {link["ifname"]: {link["master"]} if "master" in link else set() for link in links}
        for bridge in self.run("ovs-vsctl", "list-br").split():
            for port in self.run("ovs-vsctl", "list-ports", bridge).split():
                found.setdefault(port, set()).add(bridge)
        return found

    def ports(self, bridge):
        """Return the names of the network interfaces that are on a bridge."""
        return {name for name, bridges in self.connections().items() if bridge in bridges}

    def filters(self):
        """Return {tap: network filter} of all that libvirt has in force."""
        rows = self.virsh("nwfilter-binding-list").splitlines()
        return dict(row.split() for row in rows if row)

    def picture(self):
        """Return what a failure is understood from: {title: text}."""
        shown = {}
        for command in (
            ("ip", "-brief", "address"),
            ("bridge", "link"),
            ("ovs-vsctl", "show"),
            ("virsh", "list", "--all"),
            ("virsh", "net-list", "--all"),
            ("sh", "-c", "tail -n 40 /var/log/libvirt/*.out /var/log/libvirt/libvirtd.log"),
        ):
            try:
                text = self.run(*command)
            except CommandError as error:
                text = str(error)
            shown[f"{self.name}: {' '.join(command)}"] = text
        return shown


class CommandError(Exception):
    """A command on a host failed; what it wrote to stderr is the message."""
