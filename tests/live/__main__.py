# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the lab: `make check-live`, or `.venv/bin/python tests/live OPTIONS-OF-PYTEST`.

Installs the Debian packages that are missing, keeps Vdsm and a kernel for the guests in a cache
folder, and runs pytest in namespaces of its own. Whatever the lab starts, mounts or configures is
in them and ends with them: when the tests are through, fail, are interrupted or killed.
"""

import contextlib
import functools
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import parts

LIVE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "extnet-lab")
PACKAGES = """
busybox-static cpio dnf dnsmasq-base git iproute2 iptables libaio1 libsasl2-modules libvirt-clients
libvirt-daemon libvirt-daemon-config-nwfilter libvirt-daemon-driver-qemu libxml2-utils
openvswitch-switch python3-cryptography python3-dbus python3-rpm python3-six python3-yaml
qemu-system-x86 rpm sasl2-bin util-linux
""".split()
INTERRUPTED = 128 + signal.SIGINT  # as a shell says it
NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc"]
# PID 1 of the lab has to reap what daemons leave to it, as a shell does. A /run of the lab's own
# keeps it from the machine's daemons, and takes its files with it.
INIT = """
umask 022
mount -t tmpfs lab /run && mkdir -m 1777 /run/tmp && TMPDIR=/run/tmp "$@"
exit $?
"""
say = functools.partial(print, "lab:", flush=True)


def unfit():
    """Return what this machine lacks to run the lab, str, or None."""
    if shutil.which("apt-get") is None or platform.machine() != "x86_64":
        return "needs a Debian 12 on x86_64, with apt: its packages are " + " ".join(PACKAGES)
    if os.geteuid() != 0:
        return "needs root, for network namespaces and a libvirtd of its own: run it as root"
    return None


def missing_packages():
    """Return those of PACKAGES that are not installed."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *PACKAGES]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return [package for package in PACKAGES if f"{package} installed" not in known.splitlines()]


def apt_get(*arguments):
    """Run apt-get, patient with one that holds the lock; raise CalledProcessError if it fails."""
    command = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)


def run_in_namespaces(command):
    """Run the command in namespaces of its own, which end with this process; return its status."""
    bound = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork", "--kill-child"]
    with subprocess.Popen([*bound, "sh", "-c", INIT, "lab", *command]) as lab:
        try:
            return lab.wait()
        except KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired):
                lab.wait(timeout=10)  # the terminal has told pytest, too
            return INTERRUPTED
        finally:
            lab.kill()


def main(arguments):
    """Prepare what is missing, run the tests; return the exit status."""
    if lack := unfit():
        print(f"check-live {lack}", file=sys.stderr)
        return 1
    if missing := missing_packages():
        say("installing the Debian packages " + " ".join(missing))
        apt_get("update")
        apt_get("install", "--yes", "--no-install-recommends", *missing)
    try:
        prepared = parts.prepared(os.environ.get("VDSM", ""), CACHE, say)
    except parts.NoSourceError as error:
        print(f"check-live {error}", file=sys.stderr)
        return 1
    pytest = [sys.executable, "-m", "pytest", "-c", LIVE / "pytest.ini", LIVE]
    return run_in_namespaces([*pytest, "--parts", prepared, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
