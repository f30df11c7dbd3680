# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the lab: `make check-live`, or `.venv/bin/python tests/lab OPTIONS-OF-PYTEST`.

Installs the Debian packages that are missing, unpacks others into a cache folder, and runs pytest
in namespaces of its own. Everything that the lab starts, mounts or configures lives in those
namespaces and disappears with them, however the tests end.
"""

import functools
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import installation
import unpacked

LAB = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "extnet-lab")
PACKAGES = """
busybox-static cpio createrepo-c dnf dnsmasq-base git iproute2 iptables libsasl2-modules
libvirt-clients libvirt-daemon libvirt-daemon-config-nwfilter libvirt-daemon-driver-qemu make
openssh-client openvswitch-switch polkitd qemu-system-x86 rpm sasl2-bin systemd-container util-linux
""".split()
DRIVERS = "network nwfilter interface secret storage nodedev".split()
# The supported releases of Debian, each with the packages that only this release has. With DEBIAN=
# the lab takes the machine for another release than it says: make check-live DEBIAN=13
RELEASES = {
    "12": [],
    "13": [f"libvirt-daemon-driver-{name}" for name in DRIVERS],
}
NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc"]
# systemd-nspawn must find cgroup v2, without controllers.
CGROUPS = "mount -t tmpfs lab /sys/fs/cgroup && mount -t cgroup2 lab /sys/fs/cgroup"
# PID 1 of the lab must reap what daemons leave to it, and a shell does. A /run of its own keeps the
# lab away from the machine's daemons.
INIT = f"""
umask 022
{CGROUPS} && mount -t tmpfs lab /run && mkdir -m 1777 /run/tmp && TMPDIR=/run/tmp "$@"
exit $?
"""
# Where the hosts have their control groups, the only thing that outlives the lab's namespaces.
CGROUP = "extnet-lab"
REMOVE_CGROUP = f"""
{CGROUPS} || exit
cd /sys/fs/cgroup/{CGROUP} 2>/dev/null || exit 0
echo 1 >cgroup.kill
until grep -q 'populated 0' cgroup.events; do sleep 0.1; done
cd ..
find {CGROUP} -depth -type d -exec rmdir {{}} \\;
"""
say = functools.partial(print, "lab:", flush=True)


def packages():
    """Return the Debian packages that the lab needs; None if this is no Debian that it knows."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    debian = system.get("ID") == "debian" and shutil.which("apt-get")
    known = debian and platform.machine() == "x86_64"
    release = os.environ.get("DEBIAN") or system.get("VERSION_ID")
    return [*PACKAGES, *RELEASES[release]] if known and release in RELEASES else None


def unfit(vdsm):
    """Return one line saying why the lab cannot run on this machine, or None.

    vdsm: the value of VDSM=.
    """
    if packages() is None:
        known = " or ".join(RELEASES)
        return f"needs Debian {known} on x86_64 with these packages: {' '.join(PACKAGES)}"
    if os.geteuid() != 0:
        return "needs root, for network namespaces and a libvirtd of its own: run it as root"
    if vdsm and (lacking := installation.lacking(Path(vdsm))):
        return f"cannot use VDSM={vdsm}, which lacks {' '.join(lacking)}"
    return None


def missing_packages():
    """Return those of packages() that are not installed."""
    form = "${Package} ${db:Status-Status}\n"
    query = ["dpkg-query", "--show", "--showformat", form, *packages()]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return [name for name in packages() if f"{name} installed" not in known.splitlines()]


def apt_get(*arguments, **options):
    """Run apt-get, waiting for its lock; return its output, or exit with its error message."""
    command = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options |= {"env": environ, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, **options)  # noqa: PLW1510
    if done.returncode:
        words = " ".join(done.stderr.split())
        sys.exit(f"check-live could not get its packages: apt-get {' '.join(arguments)}: {words}")
    return done.stdout


def run_in_namespaces(command):
    """Run the command in namespaces of its own, which end with this process; return its status."""
    for number in signal.SIGHUP, signal.SIGTERM:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    remove_cgroup()  # of a lab that could not do it itself
    bound = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork", "--kill-child"]
    with subprocess.Popen([*bound, "sh", "-c", INIT, "lab", *command]) as lab:
        try:
            return lab.wait()
        except KeyboardInterrupt:
            return 128 + signal.SIGINT  # the status that a shell reports for it
        finally:
            lab.kill()
            lab.wait()
            remove_cgroup()


def remove_cgroup():
    """Remove the control groups of the lab's hosts, and end the processes that are still there."""
    subprocess.run(["unshare", "--mount", "sh", "-c", REMOVE_CGROUP], check=True)


def main(arguments, vdsm):
    """Prepare what is missing, run the tests; return the exit status.

    arguments: of pytest; vdsm: the value of VDSM=, the root folder of an installation, or "".
    """
    if lack := unfit(vdsm):
        print(f"check-live {lack}", file=sys.stderr)
        return 1
    if missing := missing_packages():
        say("installing the Debian packages " + " ".join(missing))
        apt_get("update")
        apt_get("install", "--yes", "--no-install-recommends", *missing)
    CACHE.mkdir(parents=True, exist_ok=True)
    alone = socket.socket(socket.AF_UNIX)
    try:
        alone.bind("\0extnet-lab")  # until this process ends
    except OSError:
        print("check-live runs already: two labs would end each other's hosts", file=sys.stderr)
        return 1
    kernel = unpacked.guest_kernel(CACHE, apt_get, say)
    packages = unpacked.host_packages(CACHE, apt_get, say)
    pytest = [sys.executable, "-m", "pytest", "-c", LAB / "pytest.ini", LAB]
    which = ["--vdsm", Path(vdsm).absolute()] if vdsm else ["-m", "not needs_vdsm"]
    prepared = ["--guest-kernel", kernel, "--host-packages", packages]
    return run_in_namespaces([*pytest, *prepared, *which, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("VDSM", "")))
