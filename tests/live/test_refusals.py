# SPDX-License-Identifier: GPL-2.0-or-later
"""What Engine is handed when a vNIC is refused, by the hook or by libvirt: README has it."""

import re

import pytest
import readme
from hook import POINTS, VNICS
from host import DESTINATION
from vm import FILTER, GLITTER, OVS, WITHOUT, Profile, vms_of

BY_HOOK = r'Hook Error: \(b"extnet: .*{}.*\\n",\)'
SPOILT = {  # what a hook that ran before leaves, of tests/vnics; what extnet says of it
    "no-bridge/hostdev": "type 'hostdev'",
    "not-one-source/two-sources": "2 sources",
    "broken-xml/doctype": "it has a DOCTYPE",
    "too-deep/1000-levels": "too deep",
    "unreadable": "Permission denied",
}
REASONS = {  # profile, code and words
    **{case: (GLITTER, 1500, BY_HOOK.format(words)) for case, words in SPOILT.items()},
    "a/b": (Profile("a/b"), 1500, BY_HOOK.format("a/b")),
    "missing": (Profile("nope"), 49, "Network not found: no network with matching name 'nope'"),
    "inactive": (GLITTER, 49, "network 'glitter' is not active"),
    "filter": (OVS._replace(network_filter=FILTER), 49, "filterref is not supported for network"),
}


def in_readme(text):
    """Tell if README's Troubleshooting has the reason in a text, with … for what differs.

    Raises AssertionError if it is the hook's and not one row of the table, word for word.
    """
    if line := re.search(r'b"(extnet: .* not moved .*?)\\n"', text):
        return readme.refusal(line[1])
    text = text.replace(r"\'", "'").replace("'nope'", "'glitter'")
    shown = [words for words in readme.codes(readme.section("Troubleshooting")) if " " in words]
    return any(re.search(".*".join(map(re.escape, r.split("…"))), text) for r in shown)


def spoiling(case):
    """Return the script of a hook that spoils the device as the case says."""
    if case == "unreadable":
        return 'chmod 0 "$_hook_domxml"'
    xml = (VNICS / f"refused/{case}.xml").read_text(encoding="utf-8")
    return f"cat >$_hook_domxml <<'END'\n{xml}\nEND"


@pytest.fixture(params=REASONS)
def refused(request, host):
    """Give a profile that is refused, and the code and the words of the refusal."""
    case, spoilers = request.param, []
    if case in SPOILT:
        spoilers = [host.add_hook(point, "40_spoiling", spoiling(case)) for point in POINTS]
    if case == "inactive":
        host.run("virsh", "net-destroy", "glitter")
    yield REASONS[case]
    if case == "inactive":
        host.run("virsh", "net-start", "glitter")
    for spoiler in spoilers:
        spoiler.unlink()


@pytest.fixture(scope="module")
def vm(module_vm):
    """Start a VM with a vNIC on the oVirt network."""
    module_vm.add(WITHOUT)
    module_vm.start(paused=True)
    return module_vm


def test_a_start(new_vm, host, refused):
    profile, _, words = refused
    vm = new_vm()
    vm.add(profile)
    text, _ = host.refusal(vm.start)
    assert re.search(words, text)
    assert in_readme(text)


def test_a_plug(vm, host, refused):
    profile, code, words = refused
    text, _ = host.refusal(vm.plug, profile)
    assert re.match(rf"\(code={code}, message=.*{words}", text)
    assert in_readme(text)


def test_a_change_whose_reason_is_in_vdsm_log_only(vm, host, refused):
    profile, _, words = refused
    text, log = host.refusal(vm.nics[0].update, profile)
    assert text == "(code=56, message=Failed to update device)"
    assert re.search(words.removeprefix(r"Hook Error: \("), log)
    assert in_readme(text + log)


@pytest.fixture(scope="module")
def suspended(host):
    """Suspend a VM with a vNIC on glitter."""
    with vms_of(host) as new_vm:
        vm = new_vm()
        vm.add(GLITTER)
        vm.start(paused=True)
        vm.suspend()
        yield vm


@pytest.mark.parametrize("refused", [*SPOILT, "inactive"], indirect=True)
def test_a_resume(suspended, host, refused):
    text, _ = host.refusal(suspended.resume)
    suspended.destroy()
    assert re.match(f"Wake up from hibernation failed:.*{refused[-1]}", text)
    assert in_readme(text)


def test_a_migration_to_a_host_without_the_network(new_vm, host, destination):
    host.add_openvswitch_network("here_only")
    vm = new_vm()
    (nic,) = vm.add(OVS._replace(extnet="here_only"))
    vm.start()
    text, log = host.refusal(vm.migrate, destination, DESTINATION)
    assert text == "Fatal error during migration"
    assert "no network with matching name 'here_only'" in log
    assert nic.on() == "ovs_net"  # it runs on
    assert vm.comes_to("Up", "Powering up")
