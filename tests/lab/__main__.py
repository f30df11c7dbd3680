# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the lab: `make check-live`, or `.venv/bin/python tests/lab OPTIONS-OF-PYTEST`.

Installs the Debian packages that are missing, keeps a kernel for the guests in a cache folder, and
runs pytest in namespaces of its own. Whatever the lab starts, mounts or configures is in them and
ends with them: when the tests are through, fail, are interrupted or killed.
"""

import functools
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import guest_kernel

LAB = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "extnet-lab")
PACKAGES = """
busybox-static cpio dnf dnsmasq-base git iproute2 iptables libsasl2-modules
libvirt-clients libvirt-daemon libvirt-daemon-config-nwfilter libvirt-daemon-driver-qemu make
openvswitch-switch qemu-system-x86 rpm sasl2-bin util-linux
""".split()
DRIVERS = "network nwfilter interface secret storage nodedev".split()
OF_RELEASE = {  # what a release has in packages of its own
    "12": [],
    "13": [f"libvirt-daemon-driver-{name}" for name in DRIVERS],
}
NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc"]
# PID 1 of the lab has to reap what daemons leave to it, which a shell does. A /run of the lab's own
# keeps it away from the machine's daemons, and takes its files with it.
INIT = """
umask 022
mount -t tmpfs lab /run && mkdir -m 1777 /run/tmp && TMPDIR=/run/tmp "$@"
exit $?
"""
say = functools.partial(print, "lab:", flush=True)


def packages():
    """Return the Debian packages that the lab needs; None if this is no Debian that it knows."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    debian = system.get("ID") == "debian" and shutil.which("apt-get")
    release = system.get("VERSION_ID") if debian and platform.machine() == "x86_64" else None
    return [*PACKAGES, *OF_RELEASE[release]] if release in OF_RELEASE else None


def unfit(vdsm):
    """Return what this machine lacks to run the lab, a line, or None; vdsm: what VDSM= names."""
    if packages() is None:
        return f"needs Debian 12 or 13 on x86_64, and of its packages: {' '.join(PACKAGES)}"
    if os.geteuid() != 0:
        return "needs root, for network namespaces and a libvirtd of its own: run it as root"
    vdsmd = Path(vdsm, "usr/libexec/vdsm/vdsmd")
    if vdsm and not vdsmd.exists():
        return f"found no Vdsm in VDSM={vdsm}: there is no {vdsmd}"
    return None


def missing_packages():
    """Return those of packages() that are not installed."""
    form = "${Package} ${db:Status-Status}\n"
    query = ["dpkg-query", "--show", "--showformat", form, *packages()]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return [name for name in packages() if f"{name} installed" not in known.splitlines()]


def apt_get(*arguments, **options):
    """Run apt-get, patient with one that holds the lock; raise SystemExit with its words."""
    command = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options |= {"env": environ, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, **options)  # noqa: PLW1510
    if done.returncode:
        words = " ".join(done.stderr.split())
        sys.exit(f"check-live could not get its packages: apt-get {' '.join(arguments)}: {words}")


def run_in_namespaces(command):
    """Run the command in namespaces of its own, which end with this process; return its status."""
    bound = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork", "--kill-child"]
    with subprocess.Popen([*bound, "sh", "-c", INIT, "lab", *command]) as lab:
        try:
            return lab.wait()
        except KeyboardInterrupt:
            return 128 + signal.SIGINT  # what a shell's status says of it
        finally:
            lab.kill()


def main(arguments, vdsm):
    """Prepare what is missing, run the tests; return the exit status.

    arguments: of pytest; vdsm: what VDSM= names, the root folder of an installation, or "".
    """
    if lack := unfit(vdsm):
        print(f"check-live {lack}", file=sys.stderr)
        return 1
    if missing := missing_packages():
        say("installing the Debian packages " + " ".join(missing))
        apt_get("update")
        apt_get("install", "--yes", "--no-install-recommends", *missing)
    kernel = guest_kernel.prepared(CACHE, apt_get, say)
    pytest = [sys.executable, "-m", "pytest", "-c", LAB / "pytest.ini", LAB]
    which = ["--vdsm", Path(vdsm).absolute()] if vdsm else ["-m", "not needs_vdsm"]
    return run_in_namespaces([*pytest, "--guest-kernel", kernel, *which, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("VDSM", "")))
