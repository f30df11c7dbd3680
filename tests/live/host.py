# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab: network, mount and UTS namespaces with a libvirtd, and Open vSwitch, in them.

As on a host of oVirt there is an oVirt network, the Linux bridge ovirtmgmt, here with a router and
a DHCP server of its own, so that a guest can tell on which side it is.
"""

import contextlib
import json
import subprocess
import uuid
from pathlib import Path

from waiting import until

NETWORKS = Path(__file__).resolve().parent.parent / "networks"

# Where the traffic of a network's vNICs goes on every host, a bridge or a NIC, and the router that
# answers there. The first two are oVirt networks, the others libvirt's.
WHERE = {
    "ovirtmgmt": ("ovirtmgmt", "192.168.160.1"),
    "extnet": ("extnet", None),  # leads nowhere
    "glitter": ("virbr-glitter", "192.168.150.1"),
    "bridged": ("br1", "192.168.185.1"),
    "ovs_net": ("ovsbr0", "192.168.170.1"),
    "macvtap_net": ("eth1", "192.168.180.1"),
}
BRIDGED = '<network><name>bridged</name><forward mode="bridge"/><bridge name="br1"/></network>'

SOURCE, DESTINATION = "192.168.190.1", "192.168.190.2"  # the ends of the cable between two hosts

ENTER = """
name=$0 parts=$1
hostname "$name"
umount --recursive /sys  # with its cgroups, which libvirtd would use
mount -t sysfs sysfs /sys
for folder in /usr /etc /tmp; do  # Vdsm's files over the machine's, and the host's over both
    own=/run/hosts/$name$folder
    mkdir -p $own/upper $own/work
    layers=lowerdir=$parts$folder:$folder,upperdir=$own/upper,workdir=$own/work
    mount -t overlay -o $layers lab $folder
done
mkdir -p /run/libvirt /run/openvswitch /run/vdsm
for folder in /etc/libvirt /run/libvirt /run/openvswitch /run/vdsm /var; do
    mount -t tmpfs lab $folder
done
chmod 1777 /tmp
cp -r /usr/share/libvirt/nwfilter /etc/libvirt/
mkdir -p /var/log/libvirt /var/tmp
ln -s /run /var/run
for file in passwd group; do  # libvirtd asks for its default user even if qemu.conf has another
    sed -n 's/^root:/libvirt-qemu:/p' /etc/$file >>/etc/$file
done
echo "127.0.0.1 localhost $name" >/etc/hosts
ip link set lo up
echo entered
exec cat
"""

# Of Vdsm's libvirt configurator: SASL for who changes something, and no keepalive.
LIBVIRTD = """
host_uuid = "{uuid}"
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "sasl"
keepalive_interval = -1
unix_sock_rw_perms = "0777"
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

    def __init__(self, name, parts):
        """Make the namespaces; name: the host's; parts: the tree of parts.prepared()."""
        self.name, self.parts = name, parts
        self.daemons = []
        command = ["unshare", "--mount", "--net", "--uts", "sh", "-ec", ENTER, name, parts]
        pipe = subprocess.PIPE
        self.keeper = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        if self.keeper.stdout.readline() != b"entered\n":
            raise RuntimeError(f"host {name} has no namespaces of its own")
        self.root = Path(f"/proc/{self.keeper.pid}/root")
        HOSTS.append(self)

    def inside(self, command):
        """Return the command, a list, that runs a command on the host."""
        spaces = ["--mount", "--net", "--uts"]
        environ = ["env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"]
        return ["nsenter", "--target", str(self.keeper.pid), *spaces, *environ, *map(str, command)]

    def run(self, *command):
        """Run a command on the host, return its stdout; raise CommandError if it fails."""
        done = subprocess.run(self.inside(command), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return done.stdout

    def virsh(self, *arguments):
        """Run virsh on the host as run() does."""
        return self.run("virsh", "--quiet", *arguments)

    def daemon(self, *command):
        """Start a program that stays in the foreground, with its output in /var/log/libvirt."""
        number = len(self.daemons)
        log = self.root / f"var/log/libvirt/{Path(command[0]).name}-{number}.out"
        with log.open("wb") as out:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            process = subprocess.Popen(self.inside(command), **options)
        process.log = log
        self.daemons.append(process)
        return process

    def ready(self, daemon, condition):
        """Wait until a condition holds of a daemon; raise RuntimeError if it gives up."""
        name = f"{daemon.log.name} on {self.name}"
        until(lambda: daemon.poll() is not None or condition(), name)
        if daemon.poll() is not None:
            raise RuntimeError(f"{name} gave up: {daemon.log.read_text(errors='replace')}")

    def read(self, path):
        """Return the text of a file of the host's own."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def write(self, path, text):
        """Write a file of the host's own."""
        (self.root / path.lstrip("/")).write_text(text, encoding="utf-8")

    def start_libvirt(self):
        """Start libvirtd and wait until it answers."""
        self.write("/etc/libvirt/libvirtd.conf", LIBVIRTD.format(uuid=uuid.uuid4()))
        self.write("/etc/libvirt/qemu.conf", QEMU)
        libvirtd = self.daemon("libvirtd", "--listen", "--pid-file", "/run/libvirt/lab.pid")
        self.ready(libvirtd, lambda: self.succeeds("virsh", "--readonly", "version"))

    def start_openvswitch(self):
        """Start Open vSwitch, forwarding in user space; wait until its database answers."""
        database = "/run/openvswitch/conf.db"
        self.run("ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema")
        socket = "--remote=punix:/run/openvswitch/db.sock"
        self.daemon("ovsdb-server", "--verbose=warn", socket, database)
        until(lambda: self.succeeds("ovs-vsctl", "--no-wait", "init"), "ovsdb-server")
        self.daemon("ovs-vswitchd", "--verbose=warn")

    def succeeds(self, *command):
        """Tell if a command on the host exits with 0."""
        return (
            subprocess.run(self.inside(command), capture_output=True, check=False).returncode == 0
        )

    def add_bridge(self, name, router=None):
        """Make a Linux bridge, with a DHCP server if there is a router on it."""
        self.run("ip", "link", "add", name, "type", "bridge", "forward_delay", "0")
        self.run("ip", "link", "set", name, "up")
        if router:
            self.serve_dhcp(name, router)

    def add_ovirt_networks(self):
        """Make the bridges that Vdsm would have made for Engine."""
        for name in "ovirtmgmt", "extnet":
            self.add_bridge(*WHERE[name])

    def add_libvirt_networks(self):
        """Define glitter, ovs_net, macvtap_net and bridged, and make what they need."""
        bridge, router = WHERE["ovs_net"]
        kind = ["--", "set", "bridge", bridge, "datapath_type=netdev"]
        self.run("ovs-vsctl", "add-br", bridge, *kind)
        self.serve_dhcp(bridge, router)
        nic, router = WHERE["macvtap_net"]
        self.run("ip", "link", "add", nic, "type", "veth", "peer", "name", f"{nic}-router")
        self.run("ip", "link", "set", nic, "up")
        self.serve_dhcp(f"{nic}-router", router)
        self.add_bridge(*WHERE["bridged"])
        self.define_network("bridged", BRIDGED)
        for name in "glitter", "ovs_net", "macvtap_net":
            self.define_network(name)

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
        alone = "--keep-in-foreground --conf-file=/dev/null --user=root --port=0 --no-ping"
        bound = f"--bind-interfaces --except-interface=lo --interface={interface}"
        leases = f"--dhcp-range={network}.2,{network}.254"
        file = f"/run/libvirt/{interface}"
        files = f"--dhcp-leasefile={file}.leases --pid-file={file}.pid"
        self.daemon("dnsmasq", *f"{alone} {bound} {leases} {files}".split())

    def define_network(self, name, xml=None):
        """Define a libvirt network, by default one of tests/networks, and start it."""
        path = f"/run/libvirt/{name}.xml"
        self.write(path, xml or (NETWORKS / f"{name}.xml").read_text(encoding="utf-8"))
        self.virsh("net-define", path)
        self.virsh("net-start", name)

    def add_openvswitch_network(self, name, xml=""):
        """Define a libvirt network on the Open vSwitch bridge, with further XML, and start it."""
        bridge = f'<bridge name="{WHERE["ovs_net"][0]}"/><virtualport type="openvswitch"/>'
        start = f'<network><name>{name}</name><forward mode="bridge"/>'
        self.define_network(name, f"{start}{bridge}{xml}</network>")

    def network_of(self, interface):
        """Return the network, of WHERE, that a tap or macvtap of the host is on; None: on none."""
        (link,) = json.loads(self.run("ip", "-json", "link", "show", interface))
        places = {link.get("master"), link.get("link")}
        with contextlib.suppress(CommandError):
            places = {self.run("ovs-vsctl", "port-to-br", interface).strip()}
        return next((name for name, (place, _) in WHERE.items() if place in places), None)

    def picture(self):
        """Return what a failure is understood from: {title: text}."""
        shown = {}
        for command in (
            "ip -brief address",
            "bridge link",
            "ovs-vsctl show",
            "virsh list --all",
            "virsh net-list --all",
            "tail -n 20 /var/log/libvirt/*.out /var/log/libvirt/libvirtd.log",
            "grep -v 'Broker\\|ProtocolDetector\\|getStats' /var/log/vdsm/vdsm.log | tail -n 60",
        ):
            shown[f"{self.name}: {command}"] = self.run("sh", "-c", f"{command} 2>&1; true")
        return shown


class CommandError(Exception):
    """A command on a host failed; what it wrote to stderr is the message."""
