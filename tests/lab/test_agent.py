# SPDX-License-Identifier: GPL-2.0-or-later
"""What Vdsm does with hooks, custom properties and vNICs: the stand-in must do the same.

ROWS holds for a start, a hot plug and a live change, with the stand-in and, with VDSM=, with Vdsm
itself. For some rows, captured cases in tests/vnics have the XML that the hooks get and leave.
"""

import re
from dataclasses import dataclass, field

import pytest
from hook import POINTS
from lab_host import add_hook
from vm import GLITTER, OVS, Nic, Profile

PLAIN = Profile("glitter")  # without a network filter, for which libvirt takes a second
GIVEN = "var/log/vdsm/given"
# A hook that writes down its environment and, like further variables, how it is run.
WRITING = rf"""names=$(env -0 | cut -z -d= -f1 | sort -z | tr '\0' ' ')
names=$names user=$(id -un):$(id -gn) umask=$(umask) stdin=$(readlink /proc/self/fd/0) \
    file=$(stat -c '%U:%G %a' "$_hook_domxml") env -0 >/{GIVEN}"""
KINDS = dict(zip(POINTS, ("start", "hotplug", "update"), strict=True))  # of captured cases
PCI = {"type": "pci", "domain": "0x0000", "slot": "0x00", "function": "0x0"}
ISOLATED = '<port isolated="yes"/>'
QUEUES = '<driver queues="4" name="qemu"/>'
QOS = """<inbound average="1000" burst="1024" peak="5000"/>\
<outbound average="128" burst="256"/>"""


@dataclass
class Row:
    """What Engine sends and which hooks there are, then what the hooks get and what happens."""

    profile: Profile = PLAIN
    plugged: Profile | None = None  # the profile of the plugged vNIC, if it is another one
    of_vm: dict = field(default_factory=dict)  # custom properties of the VM
    link: str = "up"  # the link's state after the live change
    again: bool = False  # whether Engine knows the vNICs' PCI addresses from an earlier start
    hooks: str = ""  # shell commands that change the folder of a hook point

    given: dict = field(default_factory=dict)  # {variable: pattern of its value, None: not set}
    at_start: dict = field(default_factory=dict)  # those of them that are different at a start
    captured: str | None = None  # the cases in tests/vnics, without start, hotplug and update
    refused: str = ""  # a pattern of the refusal
    on: str = "glitter"  # the vNIC's network if nothing is refused
    back_on: str = "ovirtmgmt"  # its network after a refused live change
    live: str = ""  # a piece of its live XML in the end


def profile(of=GLITTER, **further):
    """Return a profile with further XML for its vNICs."""
    return of._replace(further=tuple(further.items()))


ROWS = {
    # Custom properties.
    "properties": Row(
        PLAIN._replace(
            others=(("mine", "a b"), ("empty", ""), ("lines", "a\rb"), ("PYTHONPATH", "/mine"))
        ),
        given={
            "extnet": "glitter",
            "mine": "a b",
            "empty": "",
            "lines": "a\nb",
            "PYTHONPATH": r"/mine:/usr/lib/python3[.0-9]*/(site|dist)-packages/vdsm/hook",
        },
    ),
    "extnet alone": Row(
        GLITTER,
        link="down",
        captured="",
        given={
            "names": "HOME LANG LOGNAME PATH PWD PYTHONPATH SHELL USER _hook_domxml extnet vmId ",
            "PWD": "/",
            "PYTHONPATH": ":/usr/lib/python3.*",
            "user": "vdsm:kvm",
            "umask": "0022",
            "stdin": "/dev/null",
            "file": "vdsm:kvm 600",
        },
    ),
    "of the VM": Row(
        Profile("bridged"),
        plugged=Profile(),
        of_vm={"extnet": "glitter"},
        given={"extnet": "glitter"},
    ),
    "empty": Row(Profile(""), refused="50_extnet: rc=2 .*extnet: .* name cannot be empty: "),
    # Hooks.
    "no hooks": Row(
        hooks=add_hook("40_mine", "exit 1")
        + add_hook("41_mine", "exit 1")
        + add_hook(".42_mine", "exit 1")
        + "chmod 644 40_mine; chmod 744 41_mine; mkdir 43_mine; ln -s nowhere 44_mine",
    ),
    "not for vdsm": Row(hooks="chmod 744 50_extnet", on="ovirtmgmt"),
    "no folder": Row(hooks="rm -r $PWD", on="ovirtmgmt"),
    "absolute link": Row(
        hooks=add_hook("/var/lib/mine", "echo I ran >&2; exit 3") + "ln -sf /var/lib/mine 40_mine",
        refused="40_mine: rc=3 err=b'I ran",
    ),
    # Engine is handed what the last hook said; after status 2 Vdsm runs no further hook.
    "fails": Row(
        hooks=add_hook("40_mine", "exit 1") + add_hook("99_last", "echo I am well >&2"),
        refused=r"Hook Error: \(b'I am well",
    ),
    "stops": Row(
        hooks=add_hook("40_mine", "echo I stop >&2; exit 2")
        + add_hook("99_last", "echo I am well >&2"),
        refused=r"Hook Error: \(b'I stop",
    ),
    "deletes": Row(
        hooks=add_hook("99_last", 'rm "$_hook_domxml"'),
        refused="No such file or directory: '.*/tmp/",
    ),
    "breaks": Row(
        hooks=add_hook("99_last", 'cp /etc/hostname "$_hook_domxml"'),
        refused="syntax error: line 1|not well-formed|Start tag expected",
    ),
    # What Engine writes for a vNIC, in LibvirtVmXmlBuilder.
    "address, boot, isolation": Row(
        profile(source=ISOLATED, alias='<boot order="1"/>', model="e1000e"),
        plugged=profile(source=ISOLATED, alias='<boot order="2"/>', model="e1000e"),
        again=True,
        captured="-boot",
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
        captured="-queues",
        live="queues='4'",
    ),
    "teaming": Row(profile(source='<teaming type="persistent"/>'), captured="-teaming"),
    # A kernel without sfq refuses QoS on a Linux bridge.
    "QoS": Row(profile(bandwidth=QOS), captured="-qos", refused="^$|tc ", back_on="glitter"),
    "QoS on Open vSwitch": Row(profile(of=OVS, bandwidth=QOS), on="ovs_net", live="average='1000'"),
}


@pytest.fixture(scope="module")
def running(module_vm):
    """Start a VM with a vNIC on glitter, for refused plugs and changes."""
    module_vm.add(PLAIN)
    module_vm.start(paused=True)
    return module_vm


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_both_agents_do_what_the_row_and_its_captured_cases_say(
    host, new_vm, running, captured, row
):
    def check(point, nic, call, *arguments, **options):
        """Make a call, compare what the hooks get and what happens with the row; return success."""
        (host.root / GIVEN).unlink(missing_ok=True)
        _, said = host.refusal(call, *arguments, **options)
        assert re.fullmatch(f".*({row.refused}).*" if row.refused else "", said, re.S)
        if row.given:
            variables = (host.root / GIVEN).read_bytes().decode().split("\0")  # read() alters CR
            given = dict(each.split("=", 1) for each in variables if each)
            for name, value in (row.given | (row.at_start if point == POINTS[0] else {})).items():
                assert name not in given if value is None else re.fullmatch(value, given[name])
        if row.captured is not None:
            captured(nic, point, f"{KINDS[point]}{row.captured}")
        return not said

    vm = new_vm()
    nic, plugged = vm.add(row.profile, row.plugged or row.profile)
    if row.again:
        for bus, each in enumerate(vm.nics, start=1):
            each.address = PCI | {"bus": f"0x{bus:02x}"}
    vm.nics.remove(plugged)
    with host.changed_hooks(add_hook("10_given", WRITING) + row.hooks):
        if not check(POINTS[0], nic, vm.start, paused=True, properties=row.of_vm):
            (nic,) = running.nics
            plugged = Nic(running, row.profile)
        plugs = check(POINTS[1], plugged, plugged.plug)
        changes = check(POINTS[2], nic, nic.update, row.profile, row.link)
    assert plugged.on() == (row.on if plugs else None)
    assert nic.on() == (row.on if changes else row.back_on)
    if row.live:
        assert host.do("virsh", "-r", "dumpxml", nic.vm.name).count(row.live) == 2
    if not changes:
        nic.update(PLAIN)


def test_a_resume_hands_over_the_properties_from_before_the_last_change(host, new_vm):
    vm = new_vm()
    nics = vm.add(PLAIN, Profile(), Profile())
    vm.start(paused=True)
    nics[0].update(Profile("bridged"))
    nics[1].update(PLAIN)
    host.agent.suspend(vm)
    writing = f"""exec >>/{GIVEN}; grep '<mac' "$_hook_domxml"; echo "$extnet" """
    with host.changed_hooks(add_hook("10_given", writing)):
        (host.root / GIVEN).unlink(missing_ok=True)
        host.agent.resume(vm)
    assert host.read(GIVEN) == f'    <mac address="{nics[0].mac}" />\nglitter\n'
