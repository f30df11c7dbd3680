# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab, and the LAN it is in: namespaces with libvirtd, Open vSwitch and an agent.

On each network a router answers that has an address of its own, so that a guest can tell them.
"""

import contextlib
import functools
import itertools
import json
import re
import subprocess
import zlib
from pathlib import Path

import readme
import real_vdsm
import stand_in
from agent import HOOKS, LOG, PATH, Refused, until
from commands import run
from hook import POINTS
from paths import SHIPPED

# Where the traffic of a network's vNICs goes on every host, a bridge or a NIC, and the router that
# answers there. The first two are oVirt networks, the others libvirt's.
WHERE = {
    "ovirtmgmt": ("ovirtmgmt", "192.168.160.1"),
    "nowhere": ("nowhere", None),  # leads nowhere
    "glitter": ("virbr-glitter", "192.168.150.1"),
    "bridged": ("br1", "192.168.185.1"),
    "ovs_net": ("ovsbr0", "192.168.170.1"),
    "macvtap_net": ("eth1", "192.168.180.1"),
}
BRIDGED = '<network><name>bridged</name><forward mode="bridge"/><bridge name="br1"/></network>'
# The LAN on ovirtmgmt: what a guest can ask beside its router.
LAN, BEYOND = "192.168.160.0/24", "192.168.161.5"
GATEWAY, NEIGHBOUR = "192.168.160.1", "192.168.160.20"
HOSTS = []  # all of them, for what a failure shows
NUMBERS = itertools.count(11)

# What makes a host of namespaces. libvirtd wants a password of who changes something, as Vdsm has
# it configured, and no keepalive, for a busy machine.
ENTER = rf"""
name=$0 usr=$1 etc=$2
export {PATH}
hostname "$name"
umount --recursive /sys  # with its cgroups, which libvirtd would use
mount -t sysfs sysfs /sys
for folder in usr etc; do  # what is listed in surroundings.py, and Vdsm's files, over the machine's
    own=/run/hosts/$name/$folder
    mkdir -p $own/upper $own/work
    eval "lower=\$$folder"
    mount -t overlay -o "lowerdir=$lower,upperdir=$own/upper,workdir=$own/work" lab /$folder
done
mkdir -p /run/libvirt /run/openvswitch /run/vdsm /{HOOKS}
for folder in /etc/libvirt /run/libvirt /run/openvswitch /run/vdsm /tmp /var /{HOOKS}; do
    mount -t tmpfs lab $folder
done
chmod 1777 /tmp
mkdir {" ".join(f"/{HOOKS}/{point}" for point in POINTS)}
cp -r /usr/share/libvirt/nwfilter /etc/libvirt/
mkdir -p /var/log/libvirt /var/tmp /var/lib/vdsm /var/log/vdsm /etc/pki/vdsm/keys /etc/sasl2
ln -s /run /var/run
echo "127.0.0.1 localhost $name" >/etc/hosts
ip link set lo up
ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
printf '%s\n' >/etc/libvirt/libvirtd.conf "host_uuid='$(cat /proc/sys/kernel/random/uuid)'" \
    listen_tls=0 listen_tcp=1 "auth_tcp='none'" "auth_unix_rw='sasl'" keepalive_interval=-1 \
    "unix_sock_rw_perms='0777'" "log_outputs='2:file:/var/log/libvirt/libvirtd.log'"
printf '%s\n' >/etc/libvirt/qemu.conf "user='root'" "group='root'" "security_driver='none'" \
    remember_owner=0 namespaces=[] "stdio_handler='file'"
sed -i '/^\(kvm\|qemu\|vdsm\):/d; /^[^:]*:[^:]*:\(36\|107\):/d' /etc/passwd /etc/group
printf '%s\n' kvm:x:36:qemu qemu:x:107:vdsm libvirt-qemu:x:0: >>/etc/group
cat >>/etc/passwd <<END
vdsm:x:36:36:Node Virtualization Manager:/var/lib/vdsm:/sbin/nologin
qemu:x:107:107:qemu user:/:/sbin/nologin
libvirt-qemu:x:0:0:whom libvirtd asks for even if qemu.conf has another:/:/sbin/nologin
END
cat /proc/sys/kernel/random/uuid >/etc/pki/vdsm/keys/libvirt_password
printf '%s\n' '[credentials-vdsm]' authname=vdsm@ovirt \
    "password=$(cat /etc/pki/vdsm/keys/libvirt_password)" \
    '[auth-libvirt-localhost]' credentials=vdsm >/run/vdsm/auth.conf
"""
ENTERED = """
touch /var/log/vdsm/vdsm.log
chown -R vdsm:kvm /var/lib/vdsm /var/log/vdsm /run/vdsm /etc/pki/vdsm/keys
echo entered
exec cat
"""


def source_routing(address):
    """Return the arguments of `ip` by which Vdsm gives ovirtmgmt, with its address, source routing.

    So does lib/vdsm/network/nmstate/route.py of Vdsm 4.50.7 for each network that has a gateway;
    with VDSM= test_lan.py compares them.
    """
    table = str(zlib.adler32(b"ovirtmgmt"))
    return [
        f"address add {address}/24 dev ovirtmgmt",
        f"route add 0.0.0.0/0 via {GATEWAY} dev ovirtmgmt",
        f"route add 0.0.0.0/0 via {GATEWAY} dev ovirtmgmt table {table}",
        f"route add {LAN} dev ovirtmgmt table {table}",
        f"rule add from {LAN} priority 3200 table {table}",
        f"rule add to {LAN} priority 3200 table {table}",
    ]


def xml_of(network):
    """Return the XML, str, of a libvirt network that the package brings."""
    return (SHIPPED / f"{network}.xml").read_text(encoding="utf-8")


def make_lan():
    """Make the LAN that all hosts are in: a switch, a gateway with DHCP, a neighbour."""
    for name in "switch", "gateway", "neighbour":
        run("ip", "netns", "add", name)
    for command in "link add lan type bridge forward_delay 0", "link set lan up":
        run("ip", "-n", "switch", *command.split())
    for name, address in ("gateway", GATEWAY), ("neighbour", NEIGHBOUR):
        plug_in(name, "eth0", "netns", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
    run("ip", "-n", "gateway", "address", "add", f"{BEYOND}/32", "dev", "lo")
    run("ip", "-n", "neighbour", "route", "add", "default", "via", GATEWAY)
    server = dhcp_server("eth0", GATEWAY, "/run", first=100)
    run("ip", "netns", "exec", "gateway", *server)


def plug_in(name, nic, *where):
    """Connect a NIC, of a network namespace given as `ip link` takes it, with the LAN's switch."""
    cable = ["link", "add", name, "type", "veth", "peer", "name", nic, *where]
    for command in cable, ["link", "set", name, "master", "lan", "up"]:
        run("ip", "-n", "switch", *command)


def dhcp_server(interface, address, folder, router=None, first=2):
    """Return the command of a DHCP server for the address's /24, with its files in a folder.

    router: what the leases name as the router, the address itself if it is None; first: the last
    number of the first address that it gives.
    """
    network = address.rpartition(".")[0]
    return f"""dnsmasq --conf-file=/dev/null --user=root --port=0 --no-ping
        --bind-interfaces --except-interface=lo --interface={interface}
        --dhcp-range={network}.{first},{network}.254 --dhcp-sequential-ip
        --dhcp-option=option:router,{router or address}
        --dhcp-leasefile={folder}/{interface}.leases --pid-file={folder}/{interface}.pid""".split()


class LabHost:
    """A host with an agent. What is started on it ends with the lab's namespaces, at the latest."""

    def __init__(self, name, around, vdsm):
        """Set it up, without the hook and libvirt networks.

        around: the tree of surroundings.make(); vdsm: the root folder of a Vdsm, or None.
        """
        self.name, self.vdsm = name, vdsm
        self.address = f"192.168.160.{next(NUMBERS)}"
        kind = real_vdsm if vdsm else stand_in
        trees = [tree for tree in (around, vdsm, Path("/")) if tree]
        trees = list(dict.fromkeys(tree.resolve() for tree in trees))
        lower = [":".join(str(tree / top) for tree in trees) for top in ("usr", "etc")]
        script = ENTER + kind.CONFIGURE + ENTERED
        command = ["unshare", "--mount", "--net", "--uts", "sh", "-ec", script, name, *lower]
        pipe = subprocess.PIPE
        self.keeper = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        if self.keeper.stdout.readline() != b"entered\n":
            raise RuntimeError(f"host {name} has no namespaces of its own")
        self.root = Path(f"/proc/{self.keeper.pid}/root")
        HOSTS.append(self)
        for network in "ovirtmgmt", "nowhere":  # Vdsm would have made them for Engine
            self.add_bridge(WHERE[network][0])
        plug_in(name, "eth0", "netns", str(self.keeper.pid))
        self.do("ip", "link", "set", "eth0", "master", "ovirtmgmt", "up")
        for command in source_routing(self.address):
            self.do("ip", *command.split())
        remote = "--remote=punix:/run/openvswitch/db.sock"
        database = ["ovsdb-server", "--verbose=warn", remote, "/run/openvswitch/conf.db"]
        self.daemon(*database, ready=["ovs-vsctl", "--no-wait", "init"])
        self.daemon("ovs-vswitchd", "--verbose=warn")
        libvirtd = ["libvirtd", "--listen", "--pid-file", "/run/libvirt/lab.pid"]
        self.daemon(*libvirtd, ready=["virsh", "--readonly", "version"])
        self.agent = kind.AGENT(self)
        self.agent.start()

    def inside(self, command):
        """Return the command, a list, that runs a command on the host."""
        target = ["--target", str(self.keeper.pid), "--mount", "--net", "--uts"]
        return ["nsenter", *target, "env", PATH, *map(str, command)]

    def do(self, *command, **options):
        """Run a command on the host as commands.run does; return its stdout."""
        return run(*self.inside(command), **options).stdout

    def follow(self, containing, status=0, **replacing):
        """Run README's block of commands with a text in it, answering yes; return what it printed.

        replacing: words of the block, and what stands in their place.
        """
        commands = readme.block("shell", containing).text
        for word, value in replacing.items():
            commands = commands.replace(word, value)
        script = f"exec < <(yes); cd /tmp\n{commands}"
        return self.do("bash", "-euc", script, status=status)

    def daemon(self, *command, ready=("true",)):
        """Start a program that stays in the foreground, with its output in /var/log/libvirt.

        Returns the process once the command ready succeeds; raises RuntimeError if it gives up.
        """
        log = self.root / f"var/log/libvirt/{Path(command[0]).name}.out"
        with log.open("ab") as out:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            process = subprocess.Popen(self.inside(command), **options)
        ask = self.inside(["sh", "-c", '"$@" >&2 && echo yes', "ask", *ready])
        until(lambda: process.poll() is not None or run(*ask, status=None).stdout, log)
        if process.poll() is not None:
            raise RuntimeError(f"{log.name} on {self.name}: {log.read_text(errors='replace')}")
        return process

    def read(self, path):
        """Return the text of a file of the host's own."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def log_in(self):
        """Let root's virsh change something; README has an admin do that."""
        self.do("cp", "/run/vdsm/auth.conf", "/etc/libvirt/auth.conf")

    @functools.cached_property
    def moves_between_bridges(self):
        """Whether libvirt moves running vNICs between Linux bridges and Open vSwitch.

        From 10.8.0 on it does, says libvirt's NEWS; seen with 9.0 and 11.3.
        """
        version = re.search(r"(\d+)\.(\d+)", self.do("libvirtd", "--version"))
        return tuple(map(int, version.groups())) >= (10, 8)

    def expect_refusal(self, change, *arguments, **options):
        """Make a change that has to be refused; return the refusal, and what the agent logged.

        Raises AssertionError if it is not refused.
        """
        start = len(self.read(LOG))
        try:
            change(*arguments, **options)
        except Refused as error:
            return str(error), f"{error}\n{self.read(LOG)[start:]}"
        raise AssertionError(f"not refused: {change}")

    def add_hook(self, point, name, script):
        """Put a shell script, its text, into a hook point; return its Path."""
        file = self.root / HOOKS / point / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    @contextlib.contextmanager
    def hook_for_a_while(self, point, name, script):
        """Have a hook in a hook point, as add_hook() puts it there, within a with statement."""
        file = self.add_hook(point, name, script)
        try:
            yield
        finally:
            file.unlink()

    def add_bridge(self, name, router=None):
        """Make a Linux bridge, with a DHCP server if there is a router on it."""
        self.do("ip", "link", "add", name, "type", "bridge", "forward_delay", "0")
        self.do("ip", "link", "set", name, "up")
        if router:
            self.serve_dhcp(name, router)

    def add_libvirt_networks(self):
        """Define glitter, ovs_net, macvtap_net and bridged, and make what they need."""
        self.add_switch_and_nic()
        self.serve_dhcp(*WHERE["ovs_net"])
        nic, router = WHERE["macvtap_net"]
        self.serve_dhcp(f"{nic}-router", router)
        self.add_bridge(*WHERE["bridged"])
        self.define_network(BRIDGED)
        for name in "glitter", "ovs_net", "macvtap_net":
            self.define_network(xml_of(name))

    def add_switch_and_nic(self):
        """Make an Open vSwitch bridge, in userspace, for the kernel may lack it, and a free NIC."""
        bridge, nic = WHERE["ovs_net"][0], WHERE["macvtap_net"][0]
        kind = ["--", "set", "bridge", bridge, "datapath_type=netdev"]
        self.do("ovs-vsctl", "add-br", bridge, *kind)
        self.do("ip", "link", "add", nic, "type", "veth", "peer", "name", f"{nic}-router")
        self.do("ip", "link", "set", nic, "up")

    def serve_dhcp(self, interface, address, router=None):
        """Give the interface an address, and serve leases of its /24, from .2 on upwards."""
        self.do("ip", "address", "add", f"{address}/24", "dev", interface)
        self.do("ip", "link", "set", interface, "up")
        command = dhcp_server(interface, address, "/run/libvirt", router)
        self.daemon(*command, "--keep-in-foreground")

    def define_network(self, xml):
        """Define a libvirt network and start it."""
        self.do("virsh", "net-define", "/dev/stdin", stdin=None, input=xml)
        self.do("virsh", "net-start", re.search("<name>(.*)</name>", xml)[1])

    def add_openvswitch_network(self, name, xml="", without=""):
        """Define a libvirt network like ovs_net, with further XML and without some; start it."""
        changed = xml_of("ovs_net").replace("<name>ovs_net<", f"<name>{name}<")
        changed = re.sub(without, "", changed) if without else changed
        self.define_network(changed.replace("</network>", f"{xml}</network>"))

    def network_of(self, interface):
        """Return the network, of WHERE, that a tap or macvtap of the host is on; None: on none."""
        (link,) = json.loads(self.do("ip", "-json", "link", "show", interface))
        switch = self.do("ovs-vsctl", "port-to-br", interface, status=None).strip()
        places = {switch or link.get("master"), link.get("link")}
        return next((name for name, (place, _) in WHERE.items() if place in places), None)
