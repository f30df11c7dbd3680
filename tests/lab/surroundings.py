# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's hosts have in the place of the real thing, each with its reason: all in here.

It is a tree of files that lies over the machine's own. Absent altogether, with Vdsm: MOM, TLS,
SELinux, storage domains, syslog. QEMU runs as root, and it emulates: /dev/kvm may be there and yet
be of no use in a machine that is a guest itself.
"""

import re
import tempfile
from pathlib import Path

from commands import run
from paths import TESTS

# systemd cannot be PID 1 of a host that shares its kernel with others. Of a unit that README
# enables or disables this runs the commands. It finds no other unit active.
SYSTEMCTL = r"""#!/bin/sh -e
verb=$1
case $verb in enable | disable) [ "$2" = --now ]; shift ;; esac
unit=${2%.service} active=/var/lib/units-active/${2%.service}
file=/usr/lib/systemd/system/${unit%%@*}@.service
[ -e "$file" ] || exit 1
run() { # the commands of a kind, of which a leading "-" says that they may fail
    instance=$(printf %s "${unit#*@}" | tr - /)
    sed -n "s,%I,$instance,g; s/^$1=//p" "$file" | while read -r command; do
        sh -c "${command#-}" || [ "${command#-}" != "$command" ]
    done
}
mkdir -p /var/lib/units-active
case $verb in
is-enabled | is-active) [ -e "$active" ] && echo "${verb#is-}" ;;
enable) [ -e "$active" ] || { run ExecStartPre; run ExecStart; touch "$active"; } ;;
disable) [ ! -e "$active" ] || { run ExecStop; rm "$active"; } ;;
*) exit 1 ;;
esac
"""

# There is no NetworkManager, and not every kernel has dummy NICs: a bridge takes the NIC's place.
NMCLI = r"""#!/bin/sh -e
case $* in
"connection add type dummy ifname dummy_0 con-name dummy_0 "*)
    ip link add dummy_0 type bridge && echo added ;;
"connection delete dummy_0") ip link delete dummy_0 ;;
*) exit 1 ;;
esac
"""

# dnf asks rpm for Vdsm when it installs the hook's package, and Vdsm asks for the versions that it
# tells Engine; rpm knows no package of Debian's.
RPMS = {"vdsm": "4.50.7", "libvirt": "9.0.0", "qemu-kvm": "7.2.0"}
RPM_DATABASE = "/usr/lib/sysimage/rpm"

# Ansible looks here to see that it has to use dnf, Vdsm to see which system it is on.
RELEASE = "CentOS Stream release 9\n"

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
# With Vdsm: the machine's kernel may lack bonding, and there is no syslog.
EDITS = {
    "vdsm/network/link/bond/sysfs_driver.py": [("/sys/class/net/bonding_masters", "/dev/null")],
    "etc/vdsm/logger.conf": [
        ("class=handlers.SysLogHandler", "class=NullHandler"),
        (r"\(.*/dev/log.*LOG_USER\)", "()"),
    ],
}


def make(tree, vdsm):
    """Fill the new folder tree; vdsm: the root folder of an installation of Vdsm, None without."""
    _write(tree / "usr/bin/systemctl", SYSTEMCTL)
    _write(tree / "usr/bin/nmcli", NMCLI)
    _write(tree / "etc/redhat-release", RELEASE)
    _make_rpm_database(tree)
    if vdsm:
        for name in IDLE_PROGRAMS:
            _write(tree / name, IDLE)
        (package,) = vdsm.glob("usr/lib*/python3*/*-packages/vdsm")
        modules = package.parent
        _write(tree / modules.relative_to(vdsm) / "libnmstate/__init__.py", NMSTATE)
        _write(tree / "etc/vdsm/vdsm.conf", VDSM_CONF)
        for name, changes in EDITS.items():
            file = (vdsm if name.startswith("etc") else modules) / name
            text = file.read_text(encoding="utf-8")
            for old, new in changes:
                text = re.sub(old, new, text)
            _write(tree / file.relative_to(vdsm), text)


def _write(file, text):
    """Write a file that can be run, with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _make_rpm_database(tree):
    """Let rpm know RPMS, which are like the package vdsm of tests/package, without their files."""
    _write(tree / "etc/rpm/macros", f"%_dbpath {RPM_DATABASE}\n")
    with tempfile.TemporaryDirectory() as folder:
        spec, vdsm = Path(folder, "spec"), (TESTS / "package" / "ovirt.spec.in").read_text("utf-8")
        into = ["--root", tree, "--dbpath", RPM_DATABASE]  # Debian's rpm fills no database of "/"
        for name, version in RPMS.items():
            spec.write_text(vdsm.replace("-n vdsm", f"-n {name}"), encoding="utf-8")
            run("rpmbuild", "-bb", "-D", f"_topdir {folder}", "-D", f"of_vdsm {version}", spec)
            (package,) = Path(folder, "RPMS/noarch").glob(f"{name}-{version}-*")
            run("rpm", *into, "-i", "--justdb", "--nodeps", package)
