# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab: namespaces with libvirtd, Open vSwitch and Vdsm in them, as Engine sets it up.

On each network a router answers that has an address of its own, so that a guest can tell them.
"""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import commands
from hook import TESTS

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
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
HOOKS = "usr/libexec/vdsm/hooks"
CLIENT = ["vdsm-client", "--insecure", "--host", "127.0.0.1", "--timeout", "120"]
DEADLINE = 180
HOSTS = []  # all of them, for what a failure shows

# What makes a host of a namespace: libvirtd's configuration has of Vdsm's configurator SASL for who
# changes something, and no keepalive; from "sed" on it is what Vdsm's RPM and `vdsm-tool configure`
# do. Without the shadow line sudo fails.
ENTER = rf"""
name=$0 parts=$1
export {PATH}
hostname "$name"
umount --recursive /sys  # with its cgroups, which libvirtd would use
mount -t sysfs sysfs /sys
for folder in /usr /etc; do  # Vdsm's files over the machine's, and the host's over both
    own=/run/hosts/$name$folder
    mkdir -p $own/upper $own/work
    layers=lowerdir=$parts$folder:$folder,upperdir=$own/upper,workdir=$own/work
    mount -t overlay -o $layers lab $folder
done
mkdir -p /run/libvirt /run/openvswitch /run/vdsm
for folder in /etc/libvirt /run/libvirt /run/openvswitch /run/vdsm /tmp /var; do
    mount -t tmpfs lab $folder
done
chmod 1777 /tmp
cp -r /usr/share/libvirt/nwfilter /etc/libvirt/
mkdir -p /var/log/libvirt /var/tmp
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
echo 'vdsm:!:19000::::::' >>/etc/shadow
mkdir -p /etc/pki/vdsm/keys /etc/sasl2 /var/lib/vdsm/storage /var/log/vdsm/backup
cat /proc/sys/kernel/random/uuid >/etc/vdsm/vdsm.id
cat /proc/sys/kernel/random/uuid >/etc/pki/vdsm/keys/libvirt_password
python3 -c 'from vdsm.storage import managedvolumedb; managedvolumedb.create_db()
from vdsm.tool.configurators import passwd; passwd.configure()' >&2
chown -R vdsm:kvm /var/lib/vdsm /var/log/vdsm /run/vdsm /etc/pki/vdsm/keys
echo entered
exec cat
"""
# What README has an admin do, so that virsh needs no password.
LOGIN = r"""printf '%s\n' '[credentials-vdsm]' authname=vdsm@ovirt \
"password=$(cat /etc/pki/vdsm/keys/libvirt_password)" \
'[auth-libvirt-localhost]' credentials=vdsm >/etc/libvirt/auth.conf
"""
# As vdsmd.service has it, with the environment that systemd gives.
AS_SERVICE = f"""
nice -n -20 setpriv --reuid vdsm --regid kvm --init-groups env -i LANG=C.UTF-8 {PATH}
HOME=/var/lib/vdsm LOGNAME=vdsm USER=vdsm SHELL=/sbin/nologin
""".split()
PICTURE = r"""
ip -brief address
bridge link
ovs-vsctl show
virsh list --all
virsh net-list --all
tail -n 20 /var/log/libvirt/*.out /var/log/libvirt/libvirtd.log
grep -v 'Broker\|ProtocolDetector\|getStats' /var/log/vdsm/vdsm.log | tail -n 60
"""


def until(condition, what):
    """Return what condition() gives once that is true; raise TimeoutError, naming what, if late."""
    end = time.monotonic() + DEADLINE  # the machine may be busy with something else
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.1)
    return found


class VdsmError(Exception):
    """Vdsm refused a call; the message is what Engine is handed, `code=…, message=…`."""


class Host:
    """What is started on it ends with the lab's namespaces, at the latest."""

    def __init__(self, name, parts):
        """Set it up, without the hook and libvirt networks; parts: the tree of parts.prepared()."""
        self.name, self.parts = name, parts
        command = ["unshare", "--mount", "--net", "--uts", "sh", "-ec", ENTER, name, parts]
        pipe = subprocess.PIPE
        self.keeper = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        if self.keeper.stdout.readline() != b"entered\n":
            raise RuntimeError(f"host {name} has no namespaces of its own")
        self.root = Path(f"/proc/{self.keeper.pid}/root")
        HOSTS.append(self)
        for network in "ovirtmgmt", "extnet":  # Vdsm would have made them for Engine
            self.add_bridge(*WHERE[network])
        remote = "--remote=punix:/run/openvswitch/db.sock"
        database = ["ovsdb-server", "--verbose=warn", remote, "/run/openvswitch/conf.db"]
        self.daemon(*database, ready=["ovs-vsctl", "--no-wait", "init"])
        self.daemon("ovs-vswitchd", "--verbose=warn")
        libvirtd = ["libvirtd", "--listen", "--pid-file", "/run/libvirt/lab.pid"]
        self.daemon(*libvirtd, ready=["virsh", "--readonly", "version"])
        self.run("python3", "-c", "from vdsm.tool import nwfilter; nwfilter.main()")
        socket = "/run/vdsm/svdsm.sock"
        supervdsmd = ["/usr/libexec/vdsm/supervdsmd", "--sockfile", socket]
        supervdsmd += ["--disable-gluster", "--disable-network"]
        self.daemon(*supervdsmd, ready=["test", "-e", socket])
        self.start_vdsmd()

    def inside(self, command):
        """Return the command, a list, that runs a command on the host."""
        target = ["--target", str(self.keeper.pid), "--mount", "--net", "--uts"]
        return ["nsenter", *target, "env", PATH, *map(str, command)]

    def run(self, *command, **options):
        """Run a command on the host as commands.run does; return its stdout."""
        return commands.run(*self.inside(command), **options).stdout

    def daemon(self, *command, ready=("true",)):
        """Start a program that stays in the foreground, with its output in /var/log/libvirt.

        Returns the process once the command ready succeeds; raises RuntimeError if it gives up.
        """
        log = self.root / f"var/log/libvirt/{Path(command[0]).name}.out"
        with log.open("ab") as out:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            process = subprocess.Popen(self.inside(command), **options)
        ask = self.inside(["sh", "-c", '"$@" >&2 && echo yes', "ask", *ready])
        until(lambda: process.poll() is not None or commands.run(*ask, status=None).stdout, log)
        if process.poll() is not None:
            raise RuntimeError(f"{log.name} on {self.name}: {log.read_text(errors='replace')}")
        return process

    def read(self, path):
        """Return the text of a file of the host's own."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def log_in(self):
        """Let root's virsh change something."""
        self.run("sh", "-c", LOGIN)

    def start_vdsmd(self):
        """Start vdsmd; return when it answers."""
        command = [*AS_SERVICE, "/usr/libexec/vdsm/vdsmd"]
        self.vdsmd = self.daemon(*command, ready=[*CLIENT, "Host", "ping2"])

    def call(self, method, **parameters):
        """Call a method of Vdsm, "VM.create", say; return its result; raise VdsmError."""
        command = self.inside([*CLIENT, "--file", "-", *method.split(".")])
        done = commands.run(*command, status=None, stdin=None, input=json.dumps(parameters))
        if done.returncode:
            raise VdsmError(re.sub(r"(?s)^.*?\((?=code=)", "(", done.stdout + done.stderr).strip())
        return json.loads(done.stdout)

    def log(self):
        """Return vdsm.log, str."""
        return self.read("/var/log/vdsm/vdsm.log")

    def refusal(self, change, *arguments, **options):
        """Make a change that Vdsm has to refuse; return what Engine is handed, and what Vdsm logs.

        Raises AssertionError if it is not refused.
        """
        start = len(self.log())
        try:
            change(*arguments, **options)
        except VdsmError as error:
            return str(error), self.log()[start:]
        raise AssertionError(f"not refused: {change}")

    def add_hook(self, point, name, script):
        """Put a hook into a hook point: a shell script's text, or the Path of a file."""
        file = self.root / HOOKS / point / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(script, Path):
            shutil.copy(script, file)
        else:
            file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    def add_bridge(self, name, router=None):
        """Make a Linux bridge, with a DHCP server if there is a router on it."""
        self.run("ip", "link", "add", name, "type", "bridge", "forward_delay", "0")
        self.run("ip", "link", "set", name, "up")
        if router:
            self.serve_dhcp(name, router)

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
            self.define_network(name, (TESTS / f"networks/{name}.xml").read_text(encoding="utf-8"))

    def add_cable_to(self, other):
        """Join this host, as SOURCE, and another, as DESTINATION, by a veth pair."""
        peer = ["peer", "name", "cable", "netns", str(other.keeper.pid)]
        self.run("ip", "link", "add", "cable", "type", "veth", *peer)
        for host, address in (self, SOURCE), (other, DESTINATION):
            host.run("ip", "address", "add", f"{address}/24", "dev", "cable")
            host.run("ip", "link", "set", "cable", "up")

    def serve_dhcp(self, interface, address, router=None):
        """Give the interface an address, and serve leases of its /24, from .2 on upwards.

        router: what the leases name as the router, the address itself if it is None.
        """
        self.run("ip", "address", "add", f"{address}/24", "dev", interface)
        self.run("ip", "link", "set", interface, "up")
        network = address.rpartition(".")[0]
        file = f"/run/libvirt/{interface}"
        options = f"""--keep-in-foreground --conf-file=/dev/null --user=root --port=0 --no-ping
            --bind-interfaces --except-interface=lo --interface={interface}
            --dhcp-range={network}.2,{network}.254 --dhcp-sequential-ip
            --dhcp-option=option:router,{router or address}
            --dhcp-leasefile={file}.leases --pid-file={file}.pid"""
        self.daemon("dnsmasq", *options.split())

    def define_network(self, name, xml):
        """Define a libvirt network and start it."""
        file = self.root / f"run/libvirt/{name}.xml"
        file.write_text(xml, encoding="utf-8")
        self.run("virsh", "net-define", f"/run/libvirt/{name}.xml")
        self.run("virsh", "net-start", name)

    def add_openvswitch_network(self, name, xml=""):
        """Define a libvirt network on the Open vSwitch bridge, with further XML, and start it."""
        bridge = f'<bridge name="{WHERE["ovs_net"][0]}"/><virtualport type="openvswitch"/>'
        start = f'<network><name>{name}</name><forward mode="bridge"/>'
        self.define_network(name, f"{start}{bridge}{xml}</network>")

    def network_of(self, interface):
        """Return the network, of WHERE, that a tap or macvtap of the host is on; None: on none."""
        (link,) = json.loads(self.run("ip", "-json", "link", "show", interface))
        switch = self.run("ovs-vsctl", "port-to-br", interface, status=None).strip()
        places = {switch or link.get("master"), link.get("link")}
        return next((name for name, (place, _) in WHERE.items() if place in places), None)

    def picture(self):
        """Return what a failure is understood from, str."""
        return self.run("sh", "-xc", f"exec 2>&1\n{PICTURE}", status=None)
