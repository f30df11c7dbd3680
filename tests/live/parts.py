# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's hosts and guests are made of: Vdsm, from its source, and Debian's kernel.

Nothing of it is installed on the machine: it is a tree of files, kept in the lab's cache, that a
host has on top of the machine's own.
"""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

VDSM, IOPROCESS, NMSTATE = "4.50.7", "1.4.3", "2.0.0"  # what is fetched where VDSM= names nothing
REPOSITORY = "https://github.com/oVirt/{}.git"
PARTS = ["lib", "static", "vdsm_hooks", "configure.ac"]
PYTHON = "/usr/bin/python3"  # Debian's: of its packages are the modules that Vdsm imports
MODULES = "usr/lib/python3/dist-packages"
DEBS = """
libsanlock1 libsanlock-client1 python3-dateutil python3-decorator python3-libvirt python3-sanlock
python3-selinux sudo
""".split()  # unpacked into the tree
KERNEL = "linux-image-cloud-amd64"
# What the guests' kernel needs for a vNIC, in the order in which it can be loaded.
KERNEL_MODULES = """
virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover
virtio_net
""".split()
# What Vdsm's configure, with the options of its RPM, would put in the place of @NAME@.
NAMES = """
BACKUPDIR=/var/log/vdsm/backup CONFDIR=/etc/vdsm ENABLE_LIBVIRT_SANLOCK=no ENABLE_LIBVIRT_SELINUX=no
GLUSTER_MGMT=0 HOOKSDIR=/usr/libexec/vdsm/hooks LIBEXECDIR=/usr/libexec/vdsm
OVIRTVMCONSOLEGROUP=ovirt-vmconsole OVIRTVMCONSOLEUSER=ovirt-vmconsole PACKAGE_BASE_RELEASE=1
PACKAGE_RELEASE=1 QEMUGROUP=qemu QEMUUSER=qemu VDSMDIR=/usr/share/vdsm VDSMLIBDIR=/var/lib/vdsm
VDSMLOGDIR=/var/log/vdsm VDSMREPO=/var/lib/vdsm/data-center VDSMRUNBACKUPDIR=/run/vdsm/backup
VDSMRUNDIR=/run/vdsm VDSMTRANSIENTDISKSDIR=/var/lib/vdsm/transient sysconfdir=/etc
"""
VDSM_CONF = """
[vars]
ssl = false
enable_lldp = false
# the guests have none; to suspend one would take that long
guest_agent_timeout = 1
[addresses]
management_ip = 0.0.0.0
[metrics]
enabled = false
[irs]
repository = /var/lib/vdsm/data-center
"""

# What a host has of Vdsm, of its configured source, the folder that this is run in.
INSTALL = r"""
tree=$0 modules=$1 python=$2
mkdir -p "$tree/usr/libexec/vdsm"
cp -r lib/vdsm lib/yajsonrpc lib/vdsmclient "$modules"
cp static/usr/bin/* "$tree/usr/bin"
install static/*/*/vdsmd static/*/*/supervdsmd "$tree/usr/libexec/vdsm"
cp -r static/etc/vdsm "$tree/etc"
install -m 440 static/etc/sudoers.d/50_vdsm "$tree/etc/sudoers.d"
cp -r vdsm_hooks "$tree"
export PYTHONPATH="$modules" LD_LIBRARY_PATH="$tree/usr/lib/x86_64-linux-gnu"
for schema in "$modules"/vdsm/api/*.yml; do
    "$python" -W ignore "$modules/vdsm/api/schema_to_pickle.py" "$schema" "${schema%yml}pickle"
done
"""

# The stand-ins: what Vdsm finds in place of the real thing on the lab's hosts, and why. Absent
# altogether: systemd, MOM, TLS, SELinux, storage domains; QEMU runs as root, emulated.
#
# Neither systemd nor block storage is there, nor wanted; with these programs the real storage
# manager starts. systemctl finds nothing active; multipathd is asked for its status.
IDLE = """#!/bin/sh
[ "${0##*/}" != systemctl ] || exit 1
[ "$2" != status ] || echo 'busy: False'
"""
IDLE_PROGRAMS = """
usr/bin/systemctl usr/bin/udevadm usr/libexec/vdsm/fc-scan usr/sbin/dmsetup usr/sbin/iscsiadm
usr/sbin/lvm usr/sbin/multipathd
""".split()
# The host's oVirt networks are the lab's to make. Of nmstate the schema is the real one; the rest
# needs libraries in Rust that Debian 12 lacks.
NMSTATE_MODULE = """from . import schema
apply = None
def show(*_, **__):
    routes, dns = {"config": [], "running": []}, {"config": {}, "running": {}}
    return {"interfaces": [], "routes": routes, "dns-resolver": dns, "route-rules": {"config": []}}
"""
# Vdsm asks rpm for versions, and Debian's have a form that it cannot parse. The last two are what
# the hook's RPM requires.
PACKAGES = {"libvirt": "9.0.0", "qemu-kvm": "7.2.0", "vdsm": VDSM, "python3": "3.11"}
SPEC = """Name: {0}\nVersion: {1}\nRelease: 1\nSummary: A stand-in\nLicense: GPL-2.0-or-later
BuildArch: noarch\nProvides: /usr/bin/{0}\n%description\n%files
"""
RPM_DATABASE = "/usr/lib/sysimage/rpm"
# The guests' kernel is the machine's, and that one may lack bonding. There is no syslog.
EDIT = r"""
sed -i 's,/sys/class/net/bonding_masters,/dev/null,' "$0/vdsm/network/link/bond/sysfs_driver.py"
sed -i 's/class=handlers.SysLogHandler/class=NullHandler/; s,(./dev/log.*LOG_USER),(),' \
    "$1/etc/vdsm/logger.conf"
"""


class NoSourceError(Exception):
    """Vdsm's source is not here and cannot be fetched; the message says what to do."""


def run(*command, **options):
    """Run a command, return its stdout as bytes; raise CalledProcessError if it fails."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def archived(source, *parts):
    """Return a source archive, bytes, of the Path of one, or of a clone's; raise NoSourceError."""
    try:
        if source.is_file():
            return source.read_bytes()
        git = ["git", "-C", source]
        state = run(*git, "describe", "--tags", "--always", stderr=subprocess.DEVNULL)
        prefix = f"--prefix={state.decode().strip()}/"
        return run(*git, "archive", prefix, "HEAD", *parts)
    except (OSError, subprocess.CalledProcessError):
        raise NoSourceError(f"VDSM={source} is neither a source archive nor a git clone") from None


def fetched(name, tag, cache, say):
    """Return a clone of one of oVirt's repositories, at the tag, in the cache."""
    folder = cache / f"{name}-{tag}"
    if not folder.exists():
        say(f"cloning {REPOSITORY.format(name)}, {tag}, into {folder}")
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", tag]
        try:
            run(*clone, REPOSITORY.format(name), folder, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            raise NoSourceError(
                f"needs the source of {name} {tag}, which could not be cloned from "
                f"{REPOSITORY.format(name)}: have VDSM= name an archive or a clone of Vdsm's, "
                f"with ioprocess-{IOPROCESS}.tar.xz beside it"
            ) from None
    return folder


def unpack(archive, folder):
    """Unpack a source archive, bytes, into a new folder; return the one folder that is in it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder)  # noqa: S202 (Python 3.11.2 has no filter)
    (top,) = folder.iterdir()
    return top


def configure(folder, version):
    """Make of each FILE.in in the folder the FILE, as Vdsm's configure does."""
    script = (folder / "configure.ac").read_text("utf-8")
    names = dict(re.findall(r"AC_SUBST\(\[(\w+)\], \[([\w-]+)\]\)", script))
    names |= re.findall(r"AC_PATH_PROG\(\[(\w+)\], \[[^]]+\], \[(\S+)\]\)", script)
    names |= (pair.split("=") for pair in NAMES.split())
    names |= {"PACKAGE_BASE_VERSION": version, "PACKAGE_VERSION": version}
    for template in [*folder.glob("lib/**/*.in"), *folder.glob("static/etc/**/*.in")]:
        text = template.read_text("utf-8")
        text = re.sub(r"@(\w+)@", lambda match: names.get(match[1], match[0]), text)
        template.with_suffix("").write_text(text, encoding="utf-8")


def add_stand_ins(tree):
    """Put the stand-ins into the tree."""
    for name in IDLE_PROGRAMS:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(IDLE)
        (tree / name).chmod(0o755)
    (tree / MODULES / "libnmstate/__init__.py").write_text(NMSTATE_MODULE)
    run("sh", "-ec", EDIT, tree / MODULES, tree)
    (tree / "etc/rpm").mkdir()
    (tree / "etc/rpm/macros").write_text(f"%_dbpath {RPM_DATABASE}\n")
    (tree / "etc/redhat-release").write_text("CentOS Stream release 9\n")
    with tempfile.TemporaryDirectory() as work:
        for name, version in PACKAGES.items():
            Path(work, "it.spec").write_text(SPEC.format(name, version))
            run("rpmbuild", "--quiet", "-bb", "--define", f"_topdir {work}", f"{work}/it.spec")
        packages = Path(work, "RPMS/noarch").iterdir()
        database = f"{tree}{RPM_DATABASE}"
        run("rpm", "--dbpath", database, "--force-debian", "-i", "--justdb", "--nodeps", *packages)


def unpack_debs(packages, folder, tree):
    """Download Debian packages into the new folder, and unpack them into the tree."""
    folder.mkdir()
    # apt's own user could not write into this folder.
    run("apt-get", "-q", "download", "-o", "APT::Sandbox::User=root", *packages, cwd=folder)
    for deb in folder.iterdir():
        run("dpkg", "-x", deb, tree)


def add_modules(ioprocess, tree, work):
    """Put into the tree what Vdsm needs of Debian, of nmstate and of ioprocess, its folder."""
    unpack_debs(DEBS, work / "debs", tree)
    shutil.copytree(ioprocess / "bindings/python/ioprocess", tree / MODULES / "ioprocess")
    config = tree / MODULES / "ioprocess/config.py"
    config.write_text('IOPROCESS_PATH = "/usr/bin/ioprocess"\nTASKSET_PATH = "/usr/bin/taskset"\n')
    pip = [sys.executable, "-m", "pip", "download", "-qqq", "--disable-pip-version-check"]
    run(*pip, "--no-deps", "--dest", work, f"nmstate=={NMSTATE}")
    (wheel,) = work.glob("nmstate-*.whl")
    zipfile.ZipFile(wheel).extract("libnmstate/schema.py", tree / MODULES)


def add_kernel(tree, work):
    """Put the guests' kernel and its modules into the folder kernel of the tree."""
    depends = run("apt-cache", "depends", "--important", KERNEL).decode()
    package = next(word for word in depends.split()[1:] if word.startswith("linux-image-"))
    unpack_debs([package], work / "kernel", work / "all")
    (tree / "kernel").mkdir()
    for wanted in ["vmlinuz-*", *(f"{module}.ko" for module in KERNEL_MODULES)]:
        (found,) = (work / "all").rglob(wanted)
        found.rename(tree / "kernel" / found.name.partition("-")[0])
    (tree / "kernel/order").write_text("\n".join(KERNEL_MODULES) + "\n")


def prepared(named, cache, say):
    """Return the folder, in the cache, of a tree that a host gets on top of the machine's own.

    named: what VDSM= names, "" for nothing; say: called with a line on what takes a while.
    Raises NoSourceError where there is no source.
    """
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    kept = sorted(cache.glob(f"vdsm-{recipe}-{VDSM}-*"))
    if not named and kept:
        return kept[0]
    cache.mkdir(parents=True, exist_ok=True)
    source = Path(named).absolute() if named else fetched("vdsm", f"v{VDSM}", cache, say)
    archive = archived(source, *PARTS)
    state = hashlib.sha256(archive).hexdigest()[:12]
    if kept := sorted(cache.glob(f"vdsm-{recipe}-*-{state}")):
        return kept[0]
    beside = source.parent / f"ioprocess-{IOPROCESS}.tar.xz"
    ioprocess = beside if beside.exists() else fetched("ioprocess", f"v{IOPROCESS}", cache, say)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        work, tree = Path(folder), Path(folder, "tree")
        unpacked = unpack(archive, work / "vdsm")
        version = re.search(r"\d+(\.\d+)+|$", unpacked.name)[0] or "0"
        say(f"preparing Vdsm {version} in {cache}")
        configure(unpacked, version)
        run("apt-get", "-q", "update")
        add_modules(unpack(archived(ioprocess, "bindings"), work / "ioprocess"), tree, work)
        run("sh", "-ec", INSTALL, tree, tree / MODULES, PYTHON, cwd=unpacked)
        (tree / "etc/vdsm/vdsm.conf").write_text(VDSM_CONF)
        add_stand_ins(tree)
        add_kernel(tree, work)
        run(PYTHON, "-m", "compileall", "-q", tree / MODULES)
        tree.chmod(0o755)
        return tree.rename(cache / f"vdsm-{recipe}-{version}-{state}")
