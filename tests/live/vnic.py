# SPDX-License-Identifier: GPL-2.0-or-later
"""The device XML of a vNIC as Vdsm makes it, and its way through the installed hook to libvirt."""

from pathlib import Path

import vdsm
from commands import make
from host import OVIRT_BRIDGE

VDSM_USER = 36


def device_xml(mac, *, form="bridge", link="up", network_filter=True):
    """Return the device XML, str, of a vNIC on an oVirt network.

    Vdsm writes type bridge; after a restart of Vdsm, for a vNIC that runs on a libvirt network, it
    writes type network with the same source (Vdsm 4.50.7, lib/vdsm/virt/vmdevices/network.py).
    """
    filterref = '<filterref filter="no-mac-spoofing"/>' if network_filter else ""
    return f"""<interface type="{form}">
  <mac address="{mac}"/>
  <model type="virtio"/>
  <source bridge="{OVIRT_BRIDGE}"/>
  <link state="{link}"/>
  {filterref}
  <mtu size="1500"/>
</interface>"""


class Vdsm:
    """The stand-in for Vdsm with the hook installed, by `make install`, in a tree of its own."""

    def __init__(self, tree):
        """Install into the tree, a folder to be made."""
        self.hooks = Path(tree, "usr/libexec/vdsm/hooks")
        make("install", f"DESTDIR={tree}")

    def created(self, xml, network=None):
        """Return the device XML, str, that Vdsm starts a VM with; arguments as run()'s."""
        return self.run("before_device_create", xml, network)

    def plugged(self, xml, network=None):
        """Return the device XML, str, that Vdsm hot-plugs; arguments as run()'s."""
        return self.run("before_nic_hotplug", xml, network)

    def updated(self, xml, network=None):
        """Return the device XML, str, that Vdsm updates a vNIC with; arguments as run()'s."""
        return self.run("before_update_device", xml, network)

    def run(self, point, xml, network=None):
        """Return the device XML, str, that Vdsm hands to libvirt after the hooks of a hook point.

        network: the custom property extnet of the vNIC's profile, None if it has none.
        """
        properties = {} if network is None else {"extnet": network}
        data, _ = vdsm.run_hooks(self.hooks / point, xml, device=properties, user=VDSM_USER)
        return data.decode("utf-8")
