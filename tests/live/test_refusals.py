# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said when a vNIC is refused, by the hook or by libvirt: README has the words."""

import re

import pytest
import readme
from hook import POINTS, VNICS, cases
from vm import FILTER, GLITTER, OVS, WITHOUT, Profile, vms_of

# One case for each reason that the hook has, of tests/vnics/refused: what a hook before it left.
SPOILT = [cases(f"refused/{folder.name}")[0] for folder in sorted((VNICS / "refused").iterdir())]
BY_LIBVIRT = {  # the profile, and libvirt's words
    "missing": (Profile("nope"), "Network not found: no network with matching name 'nope'"),
    "inactive": (GLITTER, "network 'glitter' is not active"),
    "filter": (OVS._replace(network_filter=FILTER), "filterref is not supported for network"),
}
BY_HOOK = r'Hook Error: \((b["\'])?extnet: .*'


def in_readme(text):
    """Tell if README's Troubleshooting has the reason in a text, with … for what differs.

    Raises AssertionError if it is the hook's and not one row of the table, word for word.
    """
    if line := re.search(r'b["\'](extnet: .* not moved .*?)\\n["\']', text):
        return readme.refusal(line[1].replace(r"\'", "'"))
    text = text.replace(r"\'", "'").replace("'nope'", "'glitter'")
    shown = [words for words in readme.codes(readme.section("Troubleshooting")) if " " in words]
    return any(re.search(".*".join(map(re.escape, r.split("…"))), text) for r in shown)


def spoiling(case):
    """Return the script of a hook that leaves a case, or a file that nobody may read."""
    if case is None:
        return 'chmod 0 "$_hook_domxml"'
    octal = "".join(f"\\{byte:03o}" for byte in case.read_bytes())
    return f"printf '{octal}' >$_hook_domxml"


@pytest.fixture(params=[*SPOILT, None, "a/b", *BY_LIBVIRT], ids=lambda it: getattr(it, "stem", it))
def refused(request, host):
    """Give a profile that is refused, and the words of the refusal, a pattern."""
    case = request.param
    if case in BY_LIBVIRT:
        if case == "inactive":
            host.do("virsh", "net-destroy", "glitter")
        yield BY_LIBVIRT[case]
        if case == "inactive":
            host.do("virsh", "net-start", "glitter")
        return
    if case == "a/b":
        yield Profile("a/b"), BY_HOOK
        return
    spoilers = [host.add_hook(point, "40_spoiling", spoiling(case)) for point in POINTS]
    yield GLITTER, BY_HOOK
    for spoiler in spoilers:
        spoiler.unlink()


@pytest.fixture(scope="module")
def vm(module_vm):
    """Start a VM with a vNIC on the oVirt network."""
    module_vm.add(WITHOUT)
    module_vm.start(paused=True)
    return module_vm


def test_a_start(new_vm, host, refused):
    profile, words = refused
    vm = new_vm()
    vm.add(profile)
    _, said = host.refusal(vm.start)
    assert re.search(words, said)
    assert in_readme(said)


def test_a_plug(vm, host, refused):
    profile, words = refused
    _, said = host.refusal(vm.plug, profile)
    assert re.search(words, said)
    assert in_readme(said)


def test_a_change_and_the_vnic_is_on_its_ovirt_network(vm, host, refused):
    profile, words = refused
    (nic,) = vm.nics
    _, said = host.refusal(nic.update, profile)
    assert re.search(words.removeprefix(r"Hook Error: \("), said)
    assert in_readme(said)
    assert nic.on() == "ovirtmgmt"


@pytest.fixture(scope="module")
def suspended(host):
    """Suspend a VM with a vNIC on glitter."""
    with vms_of(host) as new_vm:
        vm = new_vm()
        vm.add(GLITTER)
        vm.start(paused=True)
        host.agent.suspend(vm)
        yield vm


@pytest.mark.parametrize("refused", [SPOILT[0], "inactive"], ids=str, indirect=True)
def test_a_resume_and_the_saved_state_survives(suspended, host, refused):
    for _ in range(2):
        _, said = host.refusal(host.agent.resume, suspended)
        assert re.search(refused[1], said)
        assert in_readme(said)


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
    [(Profile("a/b"), 1500, rf"{BY_HOOK}\\n"), (Profile("nope"), 49, BY_LIBVIRT["missing"][1])],
)
def test_what_engine_is_handed(vm, new_vm, host, profile, code, reason):
    other = new_vm()
    other.add(profile)
    assert re.match(reason, host.refusal(other.start)[0])
    assert re.match(rf"\(code={code}, message=.*{reason}", host.refusal(vm.plug, profile)[0])
    changed, _ = host.refusal(vm.nics[0].update, profile)
    assert changed == "(code=56, message=Failed to update device)"


@pytest.mark.needs_vdsm
def test_engine_is_handed_that_a_resume_failed(suspended, host):
    spoiler = host.add_hook(POINTS[0], "40_spoiling", spoiling(None))
    try:
        text, _ = host.refusal(host.agent.resume, suspended)
    finally:
        spoiler.unlink()
    assert re.match(f"Wake up from hibernation failed:{BY_HOOK}", text)
