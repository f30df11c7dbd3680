# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm does with hooks, custom properties and vNICs: the stand-in must do the same.

ROWS holds for a start, a hot plug and a live change, with the stand-in and, with VDSM=, with Vdsm
itself. For some rows, captured cases in tests/vnics have the XML that the hooks get and leave.
"""

import contextlib
import re
from dataclasses import dataclass, field

import pytest
from agent import HOOKS
from hook import POINTS
from vm import BRIDGED, GLITTER, OVS, WITHOUT, Nic, Profile

GIVEN = "var/log/vdsm/given"
KINDS = dict(zip(POINTS, ("start", "hotplug", "update"), strict=True))  # of captured cases
FAILING = r"printf '#!/bin/sh\necho I ran >&2; exit 1\n'"
LATER = r"""printf '#!/bin/sh\n%s "$_hook_domxml"\n' '{}' >99_later; chmod 755 99_later"""
ISOLATED = '<port isolated="yes"/>'
QUEUES = '<driver queues="4" name="qemu"/>'
QOS = """<inbound average="1000" burst="1024" peak="5000"/>\
<outbound average="128" burst="256"/>"""


@dataclass
class Row:
    """What Engine sends and which hooks there are, then what the hooks get and what happens."""

    profile: Profile = GLITTER
    plugged: Profile | None = None  # the profile of the plugged vNIC, if it is another one
    of_vm: dict = field(default_factory=dict)  # custom properties of the VM
    again: bool = False  # whether Engine knows the vNICs' PCI addresses from an earlier start
    hooks: str = ""  # shell commands that change the folder of a hook point

    given: dict = field(default_factory=dict)  # {variable: pattern of its value, None: not set}
    at_start: dict = field(default_factory=dict)  # those of them that are different at a start
    captured: str = ""  # the cases in tests/vnics, without start-, hotplug- and update-
    refused: str = ""  # a pattern of the refusal
    on: str = "glitter"  # the vNIC's network if nothing is refused
    back_on: str = "ovirtmgmt"  # its network after a refused live change
    live: str = ""  # a piece of its live XML in the end


def profile(*others, of=GLITTER, **further):
    """Return a profile with further custom properties and with further XML for its vNICs."""
    return of._replace(others=others, further=tuple(further.items()))


ROWS = {
    # Custom properties.
    "properties": Row(
        profile(("mine", "a b"), ("empty", ""), ("lines", "a\rb"), ("PYTHONPATH", "/mine")),
        given={
            "extnet": "glitter",
            "mine": "a b",
            "empty": "",
            "lines": "a\nb",
            "PYTHONPATH": r"/mine:/usr/lib/python3[.0-9]*/(site|dist)-packages/vdsm/hook",
        },
    ),
    "of the VM": Row(of_vm={"extnet": "bridged"}, given={"extnet": "bridged"}, on="bridged"),
    "empty": Row(Profile(""), refused="50_extnet: rc=2 .*extnet: .* name cannot be empty: "),
    # Hooks.
    "no hooks": Row(
        hooks=f"""{FAILING} | tee 40_mine 41_mine >.42_mine; chmod 744 41_mine; chmod 755 .42_mine
        mkdir 43_mine; ln -s nowhere 44_mine"""
    ),
    "not for vdsm": Row(hooks="chmod 744 50_extnet", on="ovirtmgmt"),
    "no folder": Row(hooks="rm -r $PWD", on="ovirtmgmt"),
    "absolute link": Row(
        hooks=f"{FAILING} >/var/lib/mine; chmod 755 /var/lib/mine; ln -sf /var/lib/mine 40_mine",
        refused="40_mine: rc=1 err=b'I ran",
    ),
    "deletes": Row(hooks=LATER.format("rm"), refused="No such file or directory: '.*/tmp/"),
    "breaks": Row(
        hooks=LATER.format("cp /etc/hostname"),
        refused="syntax error: line 1|not well-formed|Start tag expected",
    ),
    # What Engine writes for a vNIC, in LibvirtVmXmlBuilder.
    "address, boot, isolation": Row(
        profile(source=ISOLATED, alias='<boot order="1"/>', model="e1000e"),
        plugged=profile(source=ISOLATED, alias='<boot order="2"/>', model="e1000e"),
        again=True,
        captured="boot",
        live="<port isolated='yes'/>",
    ),
    "queues": Row(
        profile(
            source=QUEUES,
            parameter='<parameter name="IP" value="192.168.150.7"/>',
            filterref="<tune><sndbuf>0</sndbuf></tune>",
        ),
        given={"queues": "4"},
        at_start={"queues": None},
        captured="queues",
        live="queues='4'",
    ),
    "teaming": Row(profile(source='<teaming type="persistent"/>'), captured="teaming"),
    # A kernel without sfq refuses QoS on a Linux bridge.
    "QoS": Row(profile(bandwidth=QOS), captured="qos", refused="^$|tc ", back_on="glitter"),
    "QoS on Open vSwitch": Row(profile(of=OVS, bandwidth=QOS), on="ovs_net", live="average='1000'"),
}


@pytest.fixture(scope="module")
def running(module_vm):
    """Start a VM with a vNIC on glitter, for refused plugs and changes."""
    module_vm.add(Profile("glitter"))
    module_vm.start(paused=True)
    return module_vm


@contextlib.contextmanager
def changed_hooks(host, commands):
    """Run shell commands in each hook point, and leave the hook points as they were."""
    host.do("cp", "-a", f"/{HOOKS}", "/run/hooks")
    try:
        for point in POINTS:
            host.add_hook(point, "10_given", f"env -0 >/{GIVEN}")
            host.do("sh", "-ec", f"cd /{HOOKS}/{point}; {commands}")
        yield
    finally:
        host.do("sh", "-ec", f"rm -rf /{HOOKS}/*; mv /run/hooks/* /{HOOKS}; rmdir /run/hooks")


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_both_agents_do_what_the_row_and_its_captured_cases_say(
    host, new_vm, running, captured, row
):
    def check(point, nic, call, *arguments, **options):
        """Make a call, compare what the hooks get and what happens with the row; return success."""
        (host.root / GIVEN).unlink(missing_ok=True)
        _, said = host.refusal(call, *arguments, **options) or ("", "")
        assert re.fullmatch(f".*({row.refused}).*" if row.refused else "", said, re.S)
        if row.given:
            variables = (host.root / GIVEN).read_bytes().decode().split("\0")  # read() alters CR
            given = dict(each.split("=", 1) for each in variables if each)
            for name, value in (row.given | (row.at_start if point == POINTS[0] else {})).items():
                assert name not in given if value is None else re.fullmatch(value, given[name])
        if row.captured:
            captured(nic, point, f"{KINDS[point]}-{row.captured}")
        return not said

    vm = new_vm()
    nic, plugged = vm.add(row.profile, row.plugged or row.profile)
    if row.again:
        vm.start(paused=True)
        host.agent.destroy(vm)
    vm.nics.remove(plugged)
    with changed_hooks(host, row.hooks):
        if not check(POINTS[0], nic, vm.start, paused=True, properties=row.of_vm):
            (nic,) = running.nics
            plugged = Nic(running, row.profile)
        plugs = check(POINTS[1], plugged, plugged.plug)
        changes = check(POINTS[2], nic, nic.update, row.profile)
    assert plugged.on() == (row.on if plugs else None)
    assert nic.on() == (row.on if changes else row.back_on)
    if row.live:
        assert host.do("virsh", "-r", "dumpxml", nic.vm.name).count(row.live) == 2
    if not changes:
        nic.update(Profile("glitter"))


def test_a_resume_hands_over_the_properties_from_before_the_last_change(host, new_vm):
    vm = new_vm()
    nics = vm.add(GLITTER, WITHOUT, WITHOUT)
    vm.start(paused=True)
    nics[0].update(BRIDGED)
    nics[1].update(GLITTER)
    host.agent.suspend(vm)
    with changed_hooks(host, ""):
        given = f"""exec >>/{GIVEN}; grep '<mac' "$_hook_domxml"; echo "$extnet" """
        host.add_hook(POINTS[0], "10_given", given)
        (host.root / GIVEN).unlink(missing_ok=True)
        host.agent.resume(vm)
    assert host.read(GIVEN) == f'    <mac address="{nics[0].mac}" />\nglitter\n'
