# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab, and the LAN that it is in.

Each network has a router with a different address, so that a guest can tell the networks apart.
"""

import contextlib
import functools
import itertools
import json
import re
import shlex
import subprocess
import zlib
from pathlib import Path

import readme
import real_vdsm
import stand_in
from agent import HOOKS, LIBVIRT, LOG, PATH, Refused, until
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
# The LAN on ovirtmgmt: what a guest can ping besides its router.
LAN, BEYOND = "192.168.160.0/24", "192.168.161.5"
GATEWAY, NEIGHBOUR = "192.168.160.1", "192.168.160.20"
# Networks of a host that have no gateway, each with one machine in it besides the host.
FURTHER = {"storage": "192.168.162.", "migration": "192.168.163."}
HOSTS = {}  # every host that runs, by its name, for the failure report
NUMBERS = itertools.count(11)

# Sets up the root of a host, the current folder, before it boots. /usr and /etc are the machine's,
# below what is listed in surroundings.py and Vdsm's files; nothing else of the machine is there.
PREPARE = r"""
name=$0 usr=$1 etc=$2
mkdir -p dev proc root run sys tmp var/lib/vdsm var/log/libvirt var/log/vdsm
ln -s usr/bin usr/lib usr/lib64 usr/sbin .
for folder in usr etc; do
    own=../$folder
    mkdir -p $folder $own/upper $own/work
    eval "lower=\$$folder"
    mount -t overlay -o "lowerdir=$lower,upperdir=$own/upper,workdir=$own/work" lab $folder
done
echo "$name" >etc/hostname
echo "127.0.0.1 localhost $name" >etc/hosts
tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
echo "host_uuid = '$(cat /proc/sys/kernel/random/uuid)'" >>etc/libvirt/libvirtd.conf
sed -i '/^\(kvm\|qemu\|vdsm\|libvirt\|libvirt-qemu\|sshd\):/d; /^[^:]*:[^:]*:\(36\|107\):/d' \
    etc/passwd etc/group
printf '%s\n' kvm:x:36:qemu qemu:x:107:vdsm libvirt:x:981: libvirt-qemu:x:0: >>etc/group
cat >>etc/passwd <<END
vdsm:x:36:36:Node Virtualization Manager:/var/lib/vdsm:/sbin/nologin
qemu:x:107:107:qemu user:/:/sbin/nologin
libvirt-qemu:x:0:0:whom libvirtd asks for even if qemu.conf has another:/:/sbin/nologin
sshd:x:982:65534:sshd:/run/sshd:/sbin/nologin
END
systemctl --quiet --root=. enable NetworkManager firewalld openvswitch-switch ssh
systemctl --quiet --root=. add-wants multi-user.target network-online.target
systemctl --quiet --root=. mask sys-kernel-debug.mount sys-kernel-tracing.mount  # the machine's
ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key
mkdir -p etc/pki/vdsm/keys etc/sasl2
cat /proc/sys/kernel/random/uuid >etc/pki/vdsm/keys/libvirt_password
touch var/log/vdsm/vdsm.log
"""
# What runs a host: only capabilities that do not reach beyond its namespaces, so no module of the
# kernel, no clock; /proc/sys is read-only except for net. macvtap's devices have their nodes in the
# machine's /dev alone.
BOOT = """
mkdir -p /sys/fs/cgroup/extnet-lab/$0
echo 0 >/sys/fs/cgroup/extnet-lab/$0/cgroup.procs
exec env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn --quiet --boot --directory=. \
    --machine=$0 --register=no --keep-unit --capability=CAP_NET_ADMIN,CAP_IPC_LOCK \
    --network-namespace-path=/run/netns/$0 --bind=/dev/net/tun --bind-ro=/dev:/dev/machine:norbind \
    --bind-ro=/run/lab --resolv-conf=off --timezone=off --link-journal=no --console=pipe
"""
# The rest of `vdsm-tool configure`, after the agent's part.
CONFIGURED = """
chown -R vdsm:kvm /var/lib/vdsm /var/log/vdsm /etc/pki/vdsm/keys
systemctl enable --now libvirtd.service libvirtd-tcp.socket
"""
# What a boot does on a real host: NICs' files in /sys can be written, and Vdsm has its folder.
STARTED = """
mount --bind /sys/devices/virtual/net /sys/devices/virtual/net
mount -o remount,rw /sys/devices/virtual/net
install -d -o vdsm -g kvm /run/vdsm
"""
# The oVirt networks in NetworkManager, as nmstate leaves them. Vdsm gives each network that has a
# gateway a routing table of its own, with rules (lib/vdsm/network/nmstate/route.py of 4.50.7); with
# VDSM= test_lan.py compares them.
TABLE = zlib.adler32(b"ovirtmgmt")
PROFILES = {
    "ovirtmgmt": f"""autoconnect-slaves=1
[bridge]
stp=false
[ipv4]
method=manual
address1={{address}}/24
route1=0.0.0.0/0,{GATEWAY}
route1_options=table=254
route2=0.0.0.0/0,{GATEWAY}
route2_options=table={TABLE}
route3={LAN}
route3_options=table={TABLE}
routing-rule1=priority 3200 from {LAN} table {TABLE}
routing-rule2=priority 3200 to {LAN} table {TABLE}
[ipv6]
method=disabled
""",
    "nowhere": "[bridge]\nstp=false\n[ipv4]\nmethod=disabled\n[ipv6]\nmethod=disabled\n",
    "eth0": "master=ovirtmgmt\nslave-type=bridge\n",
    **{name: f"[ipv4]\nmethod=manual\naddress1={net}1/24\n" for name, net in FURTHER.items()},
}


def xml_of(network):
    """Return the XML, str, of a libvirt network that the package installs."""
    return (SHIPPED / f"{network}.xml").read_text(encoding="utf-8")


def add_hook(name, script):
    """Return shell commands that put a shell script, as a hook, into the current folder."""
    return f"printf '%s\\n' '#!/bin/sh' {shlex.quote(script)} >{name}; chmod 755 {name}; "


def ip(namespace, *commands):
    """Run commands of ip, texts, in a network namespace, such as that of a LabHost, by its name."""
    for command in commands:
        run("ip", "-n", namespace, *command.split())


def make_lan():
    """Create the LAN that all hosts are in: a switch, a gateway with DHCP, a neighbour."""
    for name in "switch", "gateway", "neighbour", *FURTHER:
        run("ip", "netns", "add", name)
    ip("switch", "link add lan type bridge forward_delay 0", "link set lan up")
    for name in "gateway", "neighbour":
        plug_in(name)
    serve_dhcp("gateway", "eth0", GATEWAY)
    # A host redirects neighbours to the gateway, and they remember that for minutes.
    run("ip", "netns", "exec", "gateway", "sysctl", "-q", "net.ipv4.ip_forward=1")
    ip("gateway", f"address add {BEYOND}/32 dev lo")
    ip("neighbour", f"address add {NEIGHBOUR}/24 dev eth0", "link set eth0 up")
    ip("neighbour", f"route add default via {GATEWAY}")


def plug_in(name):
    """Connect a namespace, by a new NIC eth0, to the LAN's switch."""
    ip(name, "link set lo up")
    ip("switch", f"link add {name} type veth peer name eth0 netns {name}")
    ip("switch", f"link set {name} master lan up")


def serve_dhcp(namespace, interface, address):
    """Give an interface an address, and serve leases of its /24, from .100 on upwards."""
    ip(namespace, f"address add {address}/24 dev {interface}", f"link set {interface} up")
    network, files = address.rpartition(".")[0], f"/run/{namespace}-{interface}"
    server = f"""dnsmasq --conf-file=/dev/null --user=root --port=0 --no-ping
        --bind-interfaces --except-interface=lo --interface={interface}
        --dhcp-range={network}.100,{network}.254 --dhcp-sequential-ip
        --dhcp-leasefile={files}.leases --pid-file={files}.pid"""
    run("ip", "netns", "exec", namespace, *server.split())


class LabHost:
    """A host with an agent: systemd, booted from the machine's own /usr and /etc."""

    def __init__(self, name, around, packages, vdsm):
        """Boot it, without the hook and libvirt networks.

        around: the tree of surroundings.make(); packages: the folder of unpacked.host_packages();
        vdsm: the root folder of a Vdsm, or None.
        """
        self.name, self.vdsm, self.init = name, vdsm, None
        self.address = f"192.168.160.{next(NUMBERS)}"
        agent = real_vdsm if vdsm else stand_in
        trees = [tree for tree in (around, packages, vdsm, Path("/")) if tree]
        trees = list(dict.fromkeys(tree.resolve() for tree in trees))
        lower = [":".join(str(tree / top) for tree in trees) for top in ("usr", "etc")]
        self.folder = Path("/run/hosts", name, "root")
        self.folder.mkdir(parents=True)
        run("sh", "-euc", PREPARE, name, *lower, cwd=self.folder)
        profiles = self.folder / "etc/NetworkManager/system-connections"
        profiles.mkdir()
        for network, settings in PROFILES.items():
            kind = "bridge" if "[bridge]" in settings else "ethernet"
            head = f"[connection]\nid={network}\ntype={kind}\ninterface-name={network}\n"
            profile = profiles / f"{network}.nmconnection"
            profile.write_text(head + settings.format(address=self.address))
            profile.chmod(0o600)
        self.boot()
        self.do("sh", "-euc", agent.CONFIGURE + CONFIGURED)
        self.agent = agent.AGENT(self)
        self.agent.start()

    def boot(self):
        """Start it, with a network that is as new as its kernel; return when it is up."""
        run("ip", "netns", "add", self.name)
        run("ip", "netns", "exec", self.name, "sysctl", "-q", "net.ipv4.ip_forward=0")
        plug_in(self.name)
        with (self.folder.parent / "console").open("ab") as console:
            options = {"stdin": subprocess.DEVNULL, "stdout": console, "stderr": console}
            command = ["sh", "-euc", BOOT, self.name]
            self.nspawn = subprocess.Popen(command, cwd=self.folder, **options)
        self.init = until(self._find_init, f"{self.name} to start")
        HOSTS[self.name] = self
        state = ["systemctl", "is-system-running"]
        until(lambda: self.do(*state, status=None) in ("running\n", "degraded\n"), "the boot")
        failed = self.do("systemctl", "--failed", "--no-legend", "--plain")
        assert not failed, failed
        for number in range(1, 1000):
            (self.root / f"dev/tap{number}").symlink_to(f"machine/tap{number}")
        self.do("sh", "-euc", STARTED)

    def _find_init(self):
        """Return the PID of the host's systemd, "" before it runs."""
        if self.nspawn.poll() is not None:
            raise RuntimeError((self.folder.parent / "console").read_text())
        query = ["pgrep", "--exact", "systemd", "--parent", self.nspawn.pid]
        return run(*query, status=None).stdout.strip()

    def reboot(self):
        """Shut it down and start it again, with its agent; what ip() created is gone."""
        self.do("systemctl", "poweroff")
        self.nspawn.wait()
        run("ip", "netns", "delete", self.name)
        ip("switch", f"link delete {self.name}")
        self.boot()
        self.agent.start()

    @property
    def root(self):
        """Return its root folder, a Path."""
        return Path(f"/proc/{self.init}/root")

    @property
    def asks(self):
        """Return {name: address}: what a guest pings besides its router."""
        return {"host": self.address, "neighbour": NEIGHBOUR, "gateway": GATEWAY, "beyond": BEYOND}

    def forwards(self):
        """Return whether one further network of the host reaches another through it."""
        for name, address in FURTHER.items():
            cable = f"link add eth0 type veth peer name {name} netns {self.name}"
            ip(name, cable, f"address add {address}20/24 dev eth0", "link set eth0 up")
            ip(name, f"route add default via {address}1")
        shown = ["ip", "-4", "-brief", "address"]
        until(lambda: all(f"{net}1/" in self.do(*shown) for net in FURTHER.values()), "addresses")
        ask = "busybox", "ping", "-q", "-c", "3", "-W", "1", f"{FURTHER['migration']}20"
        done = run("ip", "netns", "exec", "storage", *ask, status=None)
        for name in FURTHER:
            ip(name, "link delete eth0")
        return done.returncode == 0

    def inside(self, command):
        """Return the command, a list, that runs a command on the host."""
        target = ["nsenter", "--target", self.init, "--all", "env", "-u", "TMPDIR", PATH]
        return [*target, *map(str, command)]

    def do(self, *command, **options):
        """Run a command on the host as commands.run does; return its stdout."""
        return run(*self.inside(command), **options).stdout

    def follow(self, containing, status=0, **replacing):
        """Paste the README block that contains a text, answering yes; return its output.

        status: of its last command; replacing: words of the block and their replacements.
        """
        commands = readme.block("shell", containing).text
        for word, value in replacing.items():
            commands = commands.replace(word, value)
        return self.do("bash", "-uc", f"exec < <(yes); cd /root\n{commands}", status=status)

    def read(self, path):
        """Return the text of a file of the host's own."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def log_in(self):
        """Let root's virsh make changes without libvirt's password."""
        self.do("sh", "-c", f"echo 'uri_default = \"{LIBVIRT}\"' >/etc/libvirt/libvirt.conf")

    @functools.cached_property
    def moves_between_bridges(self):
        """Whether libvirt moves running vNICs between Linux bridges and Open vSwitch.

        It does since 10.8.0, according to libvirt's NEWS; verified: 9.0 does not, 11.3 does.
        """
        version = re.search(r"(\d+)\.(\d+)", self.do("libvirtd", "--version"))
        return tuple(map(int, version.groups())) >= (10, 8)

    def refusal(self, change, *arguments, **options):
        """Make a change; return the refusal, and what the agent logged, "" and "" if it is fine."""
        start = len(self.read(LOG))
        try:
            change(*arguments, **options)
        except Refused as error:
            return str(error), f"{error}\n{self.read(LOG)[start:]}"
        return "", ""

    def change_hooks(self, commands, points=POINTS):
        """Run shell commands in the folders of hook points."""
        for point in points:
            self.do("sh", "-ec", f"cd /{HOOKS}/{point}; {commands}")

    @contextlib.contextmanager
    def changed_hooks(self, *change):
        """Do what change_hooks() does with these arguments; on exit, undo it."""
        self.do("cp", "-a", f"/{HOOKS}", "/run/hooks")
        try:
            self.change_hooks(*change)
            yield
        finally:
            self.do("sh", "-ec", f"rm -rf /{HOOKS}/*; mv /run/hooks/* /{HOOKS}; rmdir /run/hooks")

    def add_libvirt_networks(self):
        """Define glitter, ovs_net, macvtap_net and bridged, and create what they need."""
        self.add_switch_and_nic()
        serve_dhcp(self.name, *WHERE["ovs_net"])
        serve_dhcp(self.name, "eth1-router", WHERE["macvtap_net"][1])
        ip(self.name, "link add br1 type bridge forward_delay 0")
        serve_dhcp(self.name, *WHERE["bridged"])
        self.define_network(BRIDGED)
        for name in "glitter", "ovs_net", "macvtap_net":
            self.define_network(xml_of(name))

    def add_switch_and_nic(self):
        """Create a free NIC and a bridge of Open vSwitch, in userspace: the kernel may lack it."""
        kind = ["--", "set", "bridge", "ovsbr0", "datapath_type=netdev"]
        self.do("ovs-vsctl", "add-br", "ovsbr0", *kind)
        ip(self.name, "link add eth1 type veth peer name eth1-router", "link set eth1 up")

    def define_network(self, xml):
        """Define a libvirt network and start it."""
        self.do("virsh", "net-define", "/dev/stdin", stdin=None, input=xml)
        self.do("virsh", "net-start", re.search("<name>(.*)</name>", xml)[1])

    def add_openvswitch_network(self, name, xml="", without=""):
        """Define and start a libvirt network like ovs_net, with XML added and a pattern removed."""
        changed = xml_of("ovs_net").replace("<name>ovs_net<", f"<name>{name}<")
        changed = re.sub(without, "", changed) if without else changed
        self.define_network(changed.replace("</network>", f"{xml}</network>"))

    def network_of(self, interface):
        """Return the network, of WHERE, that a tap or macvtap of the host is on; None: on none."""
        (link,) = json.loads(self.do("ip", "-json", "link", "show", interface))
        switch = self.do("ovs-vsctl", "port-to-br", interface, status=None).strip()
        places = {switch or link.get("master"), link.get("link")}
        return next((name for name, (place, _) in WHERE.items() if place in places), None)
