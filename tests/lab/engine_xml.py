# SPDX-License-Identifier: GPL-2.0-or-later
"""The XML that Engine 4.5 sends to Vdsm, of a VM and of its vNICs.

Elements and their order are those of Engine's LibvirtVmXmlBuilder (4.5.7). The custom properties of
a vNIC are in the metadata, in a `custom` element, even if the vNIC has none. Once a vNIC has a PCI
address, Engine sends it with the vNIC.
"""

from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

XML = '<?xml version="1.0" encoding="UTF-8"?>'
VM = "http://ovirt.org/vm/1.0"
DOMAIN = Template(Path(__file__).with_name("domain.xml").read_text(encoding="utf-8"))
SLOT = '<controller type="pci" model="pcie-root-port"/>'  # each vNIC needs one
# Further XML of a vNIC goes into the element of this name, or right after it. "model" is its name.
EMPTY = dict.fromkeys(["source", "alias", "parameter", "filterref", "bandwidth"], "")
EMPTY["model"] = "virtio"


def vnic_xml(nic):
    """Return the <interface> of a vm.Nic, with its further elements where Engine writes them."""
    profile, further = nic.profile, {**EMPTY, **dict(nic.profile.further)}
    address = " ".join(f'{name}="{value}"' for name, value in sorted(nic.address.items()))
    filterref = f'<filterref filter="{profile.network_filter}">{further["parameter"]}</filterref>'
    return f"""<interface type="bridge"><model type="{further["model"]}"/>\
<link state="{nic.link}"/><source bridge="{profile.network}"/>{further["source"]}\
<alias name="{nic.alias}"/>{f"<address {address}/>" if address else ""}{further["alias"]}\
<mac address="{nic.mac}"/>\
<mtu size="{profile.mtu}"/>{filterref if profile.network_filter else ""}{further["filterref"]}\
<bandwidth>{further["bandwidth"]}</bandwidth></interface>"""


def custom(properties):
    """Return the element that tells Vdsm the custom properties, {name: value}."""
    named = properties.items()
    elements = [f"<ovirt-vm:{name}>{escape(value)}</ovirt-vm:{name}>" for name, value in named]
    return f"<ovirt-vm:custom>{''.join(elements)}</ovirt-vm:custom>"


def metadata(nic):
    """Return what Engine tells Vdsm about a vm.Nic in addition to its <interface>."""
    names = f'alias="{nic.alias}" mac_address="{nic.mac}"'
    return f"<ovirt-vm:device {names}>{custom(nic.profile.properties)}</ovirt-vm:device>"


def hotplug(nic):
    """Return the XML that plugs a vm.Nic or changes one that is plugged in."""
    told = f'<metadata xmlns:ovirt-vm="{VM}"><ovirt-vm:vm>{metadata(nic)}</ovirt-vm:vm></metadata>'
    return f"{XML}<hotplug><devices>{vnic_xml(nic)}</devices>{told}</hotplug>"


def hotunplug(nic):
    """Return the XML that unplugs a vm.Nic."""
    vnic = f'<interface><alias name="{nic.alias}"/></interface>'
    return f"{XML}<hotunplug><devices>{vnic}</devices></hotunplug>"


def domain(vm, *, paused, console, boot, asks):
    """Return the XML that creates a vm.Vm with its vNICs and custom properties.

    paused: whether the VM stays paused; console: the file that the guest writes to; boot: the
    folder of its kernel; asks: the addresses that the guest pings, as guest-init expects them.
    """
    values = {
        "slots": 8 * SLOT,
        "vnics": "".join(map(vnic_xml, vm.nics)),
        "metadata": custom(vm.properties) + "".join(map(metadata, vm.nics)),
        "paused": str(paused).lower(),
    }
    values |= {"name": vm.name, "id": vm.id, "console": console, "boot": boot, "asks": asks}
    return DOMAIN.substitute(values)
