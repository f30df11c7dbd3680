# SPDX-License-Identifier: GPL-2.0-or-later
"""oVirt's own hook of the same name, as a control: what README's comparison says of it."""

import pytest
from commands import make
from hook import POINTS
from host import HOOKS
from vm import GLITTER, MACVTAP


@pytest.fixture(scope="module", autouse=True)
def _ovirts_hook(host):
    """Have oVirt's hook in the place of this one."""
    files = [host.root / HOOKS / point / "50_extnet" for point in POINTS]
    for file in files:
        file.unlink()
    for point in POINTS[:2]:
        host.add_hook(point, "50_extnet", host.parts / "vdsm_hooks/extnet/extnet_vnic.py")
    yield
    for file in files[:2]:
        file.unlink()
    make("install", f"DESTDIR={host.root}")


def test_a_link_change_loses_the_vnic(new_vm):
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    vm.start(paused=True)
    assert nic.on() == "glitter"
    nic.update(link="down")
    assert nic.on() == "ovirtmgmt"


def test_a_vm_on_macvtap_cannot_be_resumed_and_its_refusal_is_a_traceback(new_vm, host):
    vm = new_vm()
    (nic,) = vm.add(MACVTAP)
    vm.start()
    assert nic.on() == "macvtap_net"
    vm.suspend()
    text, _ = host.refusal(vm.resume)
    assert "Traceback (most recent call last)" in text
    assert "KeyError" in text
