# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that an installation of Vdsm must have for VDSM=. CONTRIBUTING.md lists them."""

from pathlib import Path

MODULES = "usr/lib*/python3*/*-packages/"
# The Python modules may also be the machine's own.
NEEDED = [
    "etc/sudoers.d/50_vdsm",
    "etc/vdsm/logger.conf",
    "etc/vdsm/svdsm.logger.conf",
    "usr/bin/sudo",
    "usr/bin/vdsm-client",
    "usr/libexec/ioprocess",
    "usr/libexec/vdsm/supervdsmd",
    "usr/libexec/vdsm/vdsmd",
    *(
        MODULES + name
        for name in """
        cryptography dateutil dbus decorator.py ioprocess libnmstate/schema.py libvirt.py rpm
        sanlock*.so selinux vdsm vdsmclient yajsonrpc
        """.split()
    ),
]


def lacking(folder):
    """Return those of NEEDED that are neither below a folder, a Path, nor on this machine."""
    roots = folder, Path("/")
    return [each for each in NEEDED if not any(next(root.glob(each), None) for root in roots)]
