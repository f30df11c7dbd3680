# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the lab: `make check-live`, or `.venv/bin/python tests/live OPTIONS-OF-PYTEST`.

Installs the Debian packages that are missing, keeps a kernel for the guests in a cache folder, and
runs pytest in namespaces of its own. Whatever the lab starts, mounts or configures is in them, and
ends with them: when the tests are through, when they fail, when they are interrupted or killed.
"""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

LIVE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "extnet-lab")
PACKAGES = [
    "busybox-static",
    "cpio",
    "dnsmasq-base",
    "iproute2",
    "iptables",
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-daemon-config-nwfilter",
    "libvirt-daemon-driver-qemu",
    "libxml2-utils",
    "openvswitch-switch",
    "qemu-system-x86",
    "sasl2-bin",
    "util-linux",
]
KERNEL = "linux-image-cloud-amd64"
MODULES = [  # what the kernel needs for a vNIC, in the order in which it can be loaded
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
]

INTERRUPTED = 128 + signal.SIGINT  # as a shell says it
NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--ipc", "--mount-proc"]
# PID 1 of the lab has to reap what daemons leave to it, as a shell does. A /run of the lab's own
# keeps it from the machine's daemons, and takes its files with it.
INIT = """
umask 022
mount -t tmpfs lab /run && mkdir -m 1777 /run/tmp && TMPDIR=/run/tmp "$@"
exit $?
"""


def say(line):
    """Show what the lab is doing, at once."""
    print(f"lab: {line}", flush=True)


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


def apt_get(*arguments, **options):
    """Run apt-get, patient with one that holds the lock; raise CalledProcessError if it fails."""
    patient = ["-o", "DPkg::Lock::Timeout=300"]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", *patient, *arguments]
    subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL, **options)


def fetch_kernel(folder):
    """Download Debian's kernel and put it and its MODULES into the folder; it is not installed."""
    query = ["apt-cache", "depends", "--important", KERNEL]
    depends = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    package = next(word for word in depends.split()[1:] if word.startswith("linux-image-"))
    say(f"downloading the guests' kernel, {package}, into {folder}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        # Its own user could not write into this folder.
        apt_get("download", "-o", "APT::Sandbox::User=root", package, cwd=work)
        subprocess.run(["dpkg", "-x", *Path(work).glob("*.deb"), Path(work, "all")], check=True)
        Path(work, "kernel").mkdir()
        for wanted in ["vmlinuz-*", *(f"{module}.ko" for module in MODULES)]:
            (found,) = Path(work, "all").rglob(wanted)
            found.rename(Path(work, "kernel", found.name.partition("-")[0]))
        Path(work, "kernel", "order").write_text("\n".join(MODULES) + "\n", encoding="ascii")
        Path(work, "kernel").rename(folder)


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
    missing, kernel = missing_packages(), CACHE / "kernel"
    if missing or not kernel.exists():
        apt_get("update")
    if missing:
        say("installing the Debian packages " + " ".join(missing))
        apt_get("install", "--yes", "--no-install-recommends", *missing)
    if not kernel.exists():
        fetch_kernel(kernel)
    pytest = [sys.executable, "-m", "pytest", "-c", LIVE / "pytest.ini", LIVE, "--kernel", kernel]
    return run_in_namespaces([*pytest, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
