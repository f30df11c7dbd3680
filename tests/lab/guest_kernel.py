# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests' kernel: Debian's, unpacked into a folder of the lab's cache and not installed."""

import lzma
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "linux-image-cloud-amd64"  # which depends on the newest kernel's package
# What the guests' kernel needs for a vNIC, in the order in which it can be loaded.
MODULES = """
virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover
virtio_net
""".split()


def prepared(cache, apt_get, say):
    """Return the folder, in the cache, with the kernel, its modules, and their order.

    apt_get: runs apt-get with arguments; say: is called with a line on what takes a while.
    """
    if kept := sorted(cache.glob("linux-image-*")):
        return kept[-1]
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        say(f"preparing a kernel for the guests in {cache}")
        apt_get("update")
        query = ["apt-cache", "depends", "--important", PACKAGE]
        words = subprocess.run(query, check=True, capture_output=True, text=True).stdout.split()
        package = next(word for word in words[1:] if word.startswith("linux-image-"))
        # apt's own user could not write into this folder.
        apt_get("download", "-o", "APT::Sandbox::User=root", package, cwd=work)
        (deb,) = Path(work).glob("*.deb")
        subprocess.run(["dpkg", "-x", deb, f"{work}/unpacked"], check=True)
        made = Path(work, "made")
        made.mkdir()
        (kernel,) = Path(work).rglob("vmlinuz-*")
        kernel.rename(made / "vmlinuz")
        for module in MODULES:
            for found in Path(work).rglob(f"{module}.ko*"):  # in Debian 13 some are built in
                data = found.read_bytes()
                if found.suffix == ".xz":
                    data = lzma.decompress(data)
                (made / f"{module}.ko").write_bytes(data)
                with (made / "order").open("a", encoding="utf-8") as order:
                    order.write(f"{module}\n")
        return made.rename(cache / package)
