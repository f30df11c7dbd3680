# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said when the hook or libvirt refuses a vNIC, in the words that README explains.

tests/hook has everything that the hook refuses; these tests check that a refusal reaches Engine.
"""

import re

import pytest
import readme
from agent import BY_HOOK
from lab_host import add_hook
from vm import FILTER, GLITTER, MACVTAP, OVS, WITHOUT, Profile

ENGINE_IS_TOLD = r'Hook Error: \(b["\']extnet: .*, libvirt network .*'
MISSING = "Network not found: no network with matching name 'nope'"
ISOLATED = (("source", '<port isolated="yes"/>'),)
NO_ISOLATION = "<port isolated='yes'/> is not supported for network interfaces with"
REFUSED = {  # the profile, and the words, a pattern
    "by the hook": (Profile("a/b"), BY_HOOK),
    "missing": (Profile("nope"), MISSING),
    "inactive": (GLITTER, "network 'glitter' is not active"),
    "filter": (OVS._replace(network_filter=FILTER), "filterref is not supported for network"),
    "isolation, Open vSwitch": (OVS._replace(further=ISOLATED), NO_ISOLATION),
    "isolation, macvtap": (MACVTAP._replace(further=ISOLATED), NO_ISOLATION),
}


def in_readme(text):
    """Return whether README's Troubleshooting has the reason in a text, with … for what differs.

    Raises AssertionError if it is the hook's and not one row of the table, word for word.
    """
    if line := re.search(r'b["\'](extnet: [^\n]*?, libvirt network .*?)\\n["\']', text):
        return readme.refusal(line[1].replace(r"\'", "'"))
    text = text.replace(r"\'", "'").replace("'nope'", "'glitter'")
    text = text.replace("Failed to update device", "")  # Vdsm says so whatever the reason is.
    shown = [words for words in readme.codes(readme.section("Troubleshooting")) if " " in words]
    return any(re.search(".*".join(map(re.escape, r.split("…"))), text) for r in shown)


@pytest.fixture(params=REFUSED)
def refused(request, host):
    """Yield a profile that is refused, and the words of the refusal."""
    if request.param == "inactive":
        host.do("virsh", "net-destroy", "glitter")
    yield REFUSED[request.param]
    if request.param == "inactive":
        host.do("virsh", "net-start", "glitter")


@pytest.fixture(scope="module")
def vm(module_vm):
    """Start a VM with a vNIC on the oVirt network."""
    module_vm.add(WITHOUT)
    module_vm.start(paused=True)
    return module_vm


def test_a_start_a_plug_and_a_change(vm, new_vm, host, refused):
    profile, words = refused
    (nic,) = vm.nics
    other = new_vm()
    other.add(profile)
    for change in (other.start, []), (vm.plug, [profile]), (nic.update, [profile]):
        _, said = host.refusal(change[0], *change[1])
        assert re.search(words, said)
        assert in_readme(said)
    assert nic.on() == "ovirtmgmt"


def test_a_resume_and_the_saved_state_survives(new_vm, host):
    suspended = new_vm()
    suspended.add(GLITTER)
    suspended.start(paused=True)
    host.agent.suspend(suspended)
    with host.changed_hooks(add_hook("40_spoiling", 'chmod 0 "$_hook_domxml"')):
        text, said = host.refusal(host.agent.resume, suspended)
    assert re.search(BY_HOOK, said)
    assert in_readme(said)
    assert re.match(f"(Wake up from hibernation failed:)?{ENGINE_IS_TOLD}", text)
    host.do("virsh", "net-destroy", "glitter")
    try:
        assert REFUSED["inactive"][1] in host.refusal(host.agent.resume, suspended)[1]
    finally:
        host.do("virsh", "net-start", "glitter")
    host.agent.resume(suspended)


def test_a_migration_to_a_host_without_the_network(new_vm, host, destination):
    host.add_openvswitch_network("here_only")
    vm = new_vm()
    (nic,) = vm.add(OVS._replace(extnet="here_only"))
    vm.start()
    text, said = host.refusal(vm.migrate, destination)
    assert text == "Fatal error during migration" or not host.vdsm
    assert "no network with matching name 'here_only'" in said
    assert nic.reaches() == "ovs_net"  # it runs on


@pytest.mark.needs_vdsm
@pytest.mark.parametrize(
    ("profile", "code", "reason"),
    [(Profile("a/b"), 1500, rf"{ENGINE_IS_TOLD}\\n"), (Profile("nope"), 49, MISSING)],
)
def test_what_engine_is_handed(vm, new_vm, host, profile, code, reason):
    other = new_vm()
    other.add(profile)
    assert re.match(reason, host.refusal(other.start)[0])
    assert re.match(rf"\(code={code}, message=.*{reason}", host.refusal(vm.plug, profile)[0])
    changed, _ = host.refusal(vm.nics[0].update, profile)
    assert changed == "(code=56, message=Failed to update device)"
