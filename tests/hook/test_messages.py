# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hook says: one line, the reason first, which no value can break out of."""

import os

import pytest
import readme
from hook import VNIC, call_hook, call_main, cases, load

VM = "9e5f1c66-4e0c-4a2b-8d6e-6a2e0c3b7d11"
MAC = "52:54:00:59:f5:3f"


@pytest.mark.parametrize(
    ("inside", "old", "vnic"),
    [
        (f'<mac address="{MAC}"/><source bridge="a"/>', "bridge 'a'", f"vNIC {MAC}"),
        ('<source network="b" portid="4"/>', "network 'b', portid '4'", "vNIC"),
        ('<mac/><source xmlns="urn:a"/>', "nothing", "vNIC"),
        ('<mac address="2"/><mac address="3"/><source bridge=""/>', "bridge ''", "vNIC 2 3"),
    ],
)
@pytest.mark.parametrize("vm", [VM, "", None])
def test_the_line_has_the_old_source_the_network_the_vnic_and_its_vm(device, inside, old, vnic, vm):
    vnic += f" of VM {vm}" if vm else ""
    for name, line in {
        "a'b": f'{old} -> libvirt network "a\'b" ({vnic})',
        "a/b": f"{SLASH} ({vnic}, libvirt network 'a/b')",
    }.items():
        device.write_text(f'<interface type="network">{inside}</interface>')
        done = call_hook(device, name, environ={} if vm is None else {"vmId": vm})
        assert done.stderr == f"extnet: {line}\n"


SLASH = "a libvirt network's name has no '/': correct the custom property extnet"


def test_readme_has_each_refusal_and_its_reason_comes_before_engine_cuts_it_off(device):
    """Engine's Events shows about 180 characters, of which up to 73 are its own (4.5.7)."""
    hook, shown = load(), set()

    def see(path, name=b"glitter"):
        environ = {b"_hook_domxml": bytes(path)} if path else {}
        words, values = readme.refusal(call_main(hook, {b"extnet": name, **environ}).stderr[:-1])
        shown.add(words)
        if not words.startswith(("the XML is broken", "Python failed")):  # Python's own words
            wrong, do = words.replace("…", "{}").format(*values).rsplit(": ", 1)
            assert len(wrong) <= 100
            assert len(f"{wrong}: {do}") <= 115

    see(None)
    see(b"/tmp/tmpab12cd34")  # as long as Vdsm's
    for name in b"", b"/" * 5000, b"a\n" * 5000:
        see(device, name)
    for before in cases("refused"):
        device.write_bytes(before.read_bytes())
        see(device)
    assert shown == set(readme.refusals().values())


HOSTILE = "x\r\nextnet: forged\u2028\u0085\x1b[2J\u202e\u2066\ufeff\ue000"


def test_no_value_breaks_out_of_its_line(tmp_path, python):
    device, hostile = tmp_path / HOSTILE, HOSTILE.replace("\x1b", "").encode()
    for content in (
        None,  # The line has the path of the file that is not there.
        VNIC.replace(MAC.encode(), hostile).replace(b"ovirtmgmt", hostile),
        VNIC.replace(b'"bridge"', b'"%b"' % hostile).replace(b"bridge=", b"b="),
    ):
        if content:
            device.write_bytes(content)
        line = call_hook(device, python=python, environ={"vmId": HOSTILE}).stderr
        assert (line[:8], line[-1]) == ("extnet: ", "\n")
        assert line[:-1].isprintable()


def test_what_a_log_cannot_show_is_escaped_once(device, tmp_path):
    line = call_hook(device, environ={b"vmId": b"a\n\x7f\xe2\x80\xa8\xff"}).stderr
    assert line.endswith(" of VM a\\n\\x7f\\u2028\\udcff)\n")
    assert r"/\udcff' " in call_hook(tmp_path / os.fsdecode(b"\xff")).stderr
