# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages that the lab unpacks into its cache and does not install on the machine."""

import hashlib
import lzma
import re
import subprocess
import tempfile
from pathlib import Path

KERNEL = "linux-image-cloud-amd64"  # depends on the newest kernel's package
# The modules that the guests' kernel needs for a vNIC, in an order in which it can load them.
MODULES = """
virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover
virtio_net
""".split()
# Installed, these would take over a developer's network, or open a port.
ON_HOSTS = "network-manager firewalld openssh-server libvirt-daemon-system".split()
# A plain dpkg -x would put a folder in the place of the link /lib.
EXTRACT = """
mkdir -p usr/bin usr/sbin usr/lib
ln -s usr/bin usr/sbin usr/lib .
for package in "$0"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink
done
"""


def _unpack(packages, folder, apt_get):
    """Download packages and unpack them into a new folder."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        # apt's own user could not write into this folder.
        apt_get("download", "-o", "APT::Sandbox::User=root", *packages, cwd=work)
        folder.mkdir()
        subprocess.run(["sh", "-ec", EXTRACT, work], cwd=folder, check=True)


def guest_kernel(cache, apt_get, say):
    """Return the folder, in the cache, with the guests' kernel, its modules, and their order.

    apt_get: function that runs apt-get; say: function that reports slow steps.
    """
    if kept := sorted(cache.glob("linux-image-*")):
        return kept[-1]
    with tempfile.TemporaryDirectory(dir=cache) as work:
        say(f"preparing a kernel for the guests in {cache}")
        apt_get("update")
        query = ["apt-cache", "depends", "--important", "--recurse", KERNEL]
        names = subprocess.run(query, check=True, capture_output=True, text=True).stdout
        # After Debian 13, the kernel and its modules are in packages of their own.
        packages = sorted(set(re.findall(r"\blinux-(?:image|binary|modules)-\d\S+", names)))
        _unpack(packages, Path(work, "unpacked"), apt_get)
        made = Path(work, "made")
        made.mkdir()
        (kernel,) = Path(work).rglob("vmlinuz*")
        kernel.rename(made / "vmlinuz")
        for module in MODULES:
            for found in Path(work).rglob(f"{module}.ko*"):  # in Debian 13 some are built in
                data = found.read_bytes()
                if found.suffix == ".xz":
                    data = lzma.decompress(data)
                (made / f"{module}.ko").write_bytes(data)
                with (made / "order").open("a", encoding="utf-8") as order:
                    order.write(f"{module}\n")
        return made.rename(cache / next(name for name in packages if "-image-" in name))


def host_packages(cache, apt_get, say):
    """Return the folder, in the cache, with ON_HOSTS and what they need and the machine lacks.

    apt_get, say: as in guest_kernel().
    """

    def wanted():
        plan = apt_get("install", "--simulate", "--reinstall", "--no-install-recommends", *ON_HOSTS)
        packages = re.findall(r"^Inst (\S+)(?: \[\S+\])? \((\S+)", plan, re.M)
        return [f"{name}={version}" for name, version in packages]

    def folder(packages):
        name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
        return cache / f"hosts-{name}"

    if (kept := folder(wanted())).exists():
        return kept
    say(f"unpacking {', '.join(ON_HOSTS)} for the hosts in {cache}")
    apt_get("update")
    packages = wanted()
    with tempfile.TemporaryDirectory(dir=cache) as work:
        _unpack(packages, Path(work, "made"), apt_get)
        return Path(work, "made").rename(folder(packages))
