# SPDX-License-Identifier: GPL-2.0-or-later
"""The XML that Engine 4.5 sends to Vdsm, of a VM and of its vNICs.

Elements and their order are those of Engine's LibvirtVmXmlBuilder. Custom properties are in the
metadata, in a `custom` element for each vNIC, also for one without any.
"""

from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

XML = '<?xml version="1.0" encoding="UTF-8"?>'
VM = "http://ovirt.org/vm/1.0"
DOMAIN = Template(Path(__file__).with_name("domain.xml").read_text(encoding="utf-8"))
SLOT = '<controller type="pci" model="pcie-root-port"/>'  # of which plugging takes one
# Further XML of a vNIC goes into the element of this name, or right after it; and the model's name.
EMPTY = dict.fromkeys(["source", "alias", "parameter", "filterref", "bandwidth"], "")
EMPTY["model"] = "virtio"


def vnic_xml(nic):
    """Return the <interface> of a vm.Nic; its further elements are where Engine has them."""
    profile, further = nic.profile, {**EMPTY, **dict(nic.profile.further)}
    filterref = f'<filterref filter="{profile.network_filter}">{further["parameter"]}</filterref>'
    return f"""<interface type="bridge"><model type="{further["model"]}"/>\
<link state="{nic.link}"/><source bridge="{profile.network}"/>{further["source"]}\
<alias name="{nic.alias}"/>{further["alias"]}<mac address="{nic.mac}"/>\
<mtu size="{profile.mtu}"/>{filterref if profile.network_filter else ""}{further["filterref"]}\
<bandwidth>{further["bandwidth"]}</bandwidth></interface>"""


def custom(properties):
    """Return the element that tells Vdsm the custom properties, a dict; None: without it."""
    named = properties.items()
    elements = [f"<ovirt-vm:{name}>{escape(it)}</ovirt-vm:{name}>" for name, it in named if it]
    return f"<ovirt-vm:custom>{''.join(elements)}</ovirt-vm:custom>"


def metadata(nic):
    """Return what Vdsm is told of a vm.Nic beside its <interface>."""
    names = f'alias="{nic.alias}" mac_address="{nic.mac}"'
    properties = custom({"extnet": nic.profile.extnet})
    return f"<ovirt-vm:device {names}>{properties}</ovirt-vm:device>"


def hotplug(nic):
    """Return what plugs a vm.Nic, and also what changes one that is plugged."""
    told = f'<metadata xmlns:ovirt-vm="{VM}"><ovirt-vm:vm>{metadata(nic)}</ovirt-vm:vm></metadata>'
    return f"{XML}<hotplug><devices>{vnic_xml(nic)}</devices>{told}</hotplug>"


def hotunplug(nic):
    """Return what unplugs a vm.Nic."""
    vnic = f'<interface><alias name="{nic.alias}"/></interface>'
    return f"{XML}<hotunplug><devices>{vnic}</devices></hotunplug>"


def domain(vm, *, paused, console, boot, asks):
    """Return what creates a vm.Vm with its vNICs and custom properties.

    paused: so is the VM to be; console: the file it writes to; boot: the folder it boots from;
    asks: whom its guest asks, in the form that guest-init takes.
    """
    values = {
        "slots": 8 * SLOT,
        "vnics": "".join(map(vnic_xml, vm.nics)),
        "metadata": custom(vm.properties) + "".join(map(metadata, vm.nics)),
        "paused": str(paused).lower(),
    }
    values |= {"name": vm.name, "id": vm.id, "console": console, "boot": boot, "asks": asks}
    return DOMAIN.substitute(values)
