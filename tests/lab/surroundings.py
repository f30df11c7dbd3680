# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything on the lab's hosts that is not the machine's own, with the reason for each.

It is a tree of files that is mounted over the machine's /usr and /etc, with packages that only the
hosts have below it. Missing entirely, even with Vdsm: MOM, TLS, SELinux, storage domains.
QEMU runs as root, and it emulates: /dev/kvm may be there and yet be of no use in a machine that is
a guest itself.
"""

import os
import shutil
import tempfile
from pathlib import Path

from agent import HOOKS
from commands import run
from hook import POINTS
from paths import TESTS
from stand_in import VERSION

# Folders that must not show a host what the machine has in them.
OWN = f"""
{HOOKS} etc/NetworkManager etc/firewalld etc/init.d etc/libvirt etc/modules-load.d etc/openvswitch
etc/ssh etc/sysctl.d etc/systemd etc/tmpfiles.d etc/yum.repos.d
""".split()

# dnf asks rpm for Vdsm when it installs the hook's package, and Vdsm asks for the versions that it
# tells Engine; rpm knows no package of Debian's.
RPMS = {"vdsm": VERSION, "libvirt": "9.0.0", "qemu-kvm": "7.2.0"}
RPM_DATABASE = "/usr/lib/sysimage/rpm"
OVIRT = "usr/share/ovirt"  # oVirt's repository, with the hook that oVirt builds

# The files of a host. libvirtd has the settings that Vdsm gives it, and plain TCP for migrations,
# and no keepalive, as the machine may be busy; it does not end when idle, as Vdsm is its client on
# a real host.
FILES = {
    "etc/default/libvirtd": "LIBVIRTD_ARGS=\n",
    "etc/fstab": "",
    "etc/libvirt/libvirtd.conf": """auth_tcp = "none"
auth_unix_rw = "sasl"
keepalive_interval = -1
unix_sock_rw_perms = "0777"
""",
    "etc/libvirt/qemu.conf": """user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
stdio_handler = "file"
""",
    # What NetworkManager-config-server says, which Vdsm requires.
    "etc/NetworkManager/conf.d/00-server.conf": "[main]\nno-auto-default=*\nignore-carrier=*\n",
    # What Engine opens when it adds a host, plain TCP of libvirtd, and the lab's DHCP servers.
    "etc/firewalld/zones/public.xml": """<zone><service name="ssh"/><service name="dhcp"/>
<port port="54321" protocol="tcp"/><port port="49152-49216" protocol="tcp"/>
<port port="16509" protocol="tcp"/><forward/></zone>
""",
    # Ansible looks here to see that it must use dnf, Vdsm to see which system it is on.
    "etc/redhat-release": "CentOS Stream release 9\n",
    "etc/resolv.conf": "",
    "etc/rpm/macros": f"%_dbpath {RPM_DATABASE}\n",
    "etc/ssh/sshd_config": "Subsystem sftp internal-sftp\n",
    "etc/yum.repos.d/ovirt.repo": f"[ovirt]\nname=oVirt\nbaseurl=file:///{OVIRT}\ngpgcheck=0\n",
}

# With Vdsm: block storage is neither there nor wanted; with these programs the real storage manager
# starts. multipathd is asked for its status.
IDLE = """#!/bin/sh
[ "$2" != status ] || echo 'busy: False'
"""
IDLE_PROGRAMS = """
usr/bin/udevadm usr/libexec/vdsm/fc-scan usr/sbin/dmsetup usr/sbin/iscsiadm usr/sbin/lvm
usr/sbin/multipathd
""".split()
# With Vdsm: the hosts' oVirt networks are the lab's to make, so Vdsm finds none, and applies none.
NMSTATE = """from . import schema
apply = None
def show(*_, **__):
    routes, dns = {"config": [], "running": []}, {"config": {}, "running": {}}
    return {"interfaces": [], "routes": routes, "dns-resolver": dns, "route-rules": {"config": []}}
"""
# With Vdsm: plain connections, no guest agent to wait for, nothing that needs another daemon.
VDSM_CONF = """
[vars]
ssl = false
enable_lldp = false
guest_agent_timeout = 1
[addresses]
management_ip = 0.0.0.0
[metrics]
enabled = false
[irs]
repository = /var/lib/vdsm/data-center
"""
# The kernel may have no dummy NICs. Then a bridge takes the place of one, and nothing else changes.
NMCLI = """#!/bin/sh
case $* in "connection add type dummy "*) shift 4 && set -- connection add type bridge "$@" ;; esac
exec /usr/bin/nmcli "$@"
"""


def make(tree, packages, vdsm):
    """Fill the new folder tree.

    packages: the folder of unpacked.host_packages(); vdsm: the root folder of an installation of
    Vdsm, None without.
    """
    shutil.copytree(packages / "etc/firewalld", tree / "etc/firewalld")
    shutil.copytree("/usr/share/libvirt/nwfilter", tree / "etc/libvirt/nwfilter")
    for name in OWN:
        (tree / name).mkdir(parents=True, exist_ok=True)
        os.setxattr(tree / name, "trusted.overlay.opaque", b"y")
    for point in POINTS:
        (tree / HOOKS / point).mkdir()
    for name, text in FILES.items():
        _write(tree / name, text, 0o644)
    policy = tree / "usr/share/polkit-1/actions/org.fedoraproject.FirewallD1.policy"
    policy.parent.mkdir(parents=True)
    policy.symlink_to(f"{policy.stem}.server.policy.choice")  # as firewalld's package does
    if run("ip", "link", "add", "dummy_0", "type", "dummy", status=None).returncode:
        _write(tree / "usr/local/bin/nmcli", NMCLI)
    _make_rpms(tree)
    if vdsm:
        for name in IDLE_PROGRAMS:
            _write(tree / name, IDLE)
        (modules,) = vdsm.glob("usr/lib*/python3*/*-packages/libnmstate")
        _write(tree / modules.relative_to(vdsm) / "__init__.py", NMSTATE)
        _write(tree / "etc/vdsm/vdsm.conf", VDSM_CONF)


def _write(file, text, mode=0o755):
    """Write a file, with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def _make_rpms(tree):
    """Let rpm know RPMS, like the package vdsm of tests/package, without files; fill OVIRT."""
    with tempfile.TemporaryDirectory() as folder:
        spec, vdsm = Path(folder, "spec"), (TESTS / "package" / "ovirt.spec.in").read_text("utf-8")
        into = ["--root", tree, "--dbpath", RPM_DATABASE]  # Debian's rpm fills no database of "/"
        for name, version in RPMS.items():
            spec.write_text(vdsm.replace("-n vdsm", f"-n {name}"), encoding="utf-8")
            run("rpmbuild", "-bb", "-D", f"_topdir {folder}", "-D", f"of_vdsm {version}", spec)
            (package,) = Path(folder, "RPMS/noarch").glob(f"{name}-{version}-*")
            run("rpm", *into, "-i", "--justdb", "--nodeps", package)
        (tree / OVIRT).mkdir(parents=True)
        (theirs,) = Path(folder, "RPMS/noarch").glob(f"vdsm-hook-extnet-{RPMS['vdsm']}-*")
        shutil.copy(theirs, tree / OVIRT)
        run("createrepo_c", tree / OVIRT)
