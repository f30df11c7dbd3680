# SPDX-License-Identifier: GPL-2.0-or-later
"""Hooks of Vdsm's own beside extnet, one of somebody's that fails, and oVirt's own extnet.

That one is a control: what README's comparison says of it.
"""

import pytest
from commands import make
from hook import POINTS
from host import HOOKS
from vm import GLITTER, MACVTAP, WITHOUT

IN_BOTH = {  # as their Makefile.am installs them
    "50_vmfex": "vmfex_dev/vmfex_vnic.py",
    "50_openstacknet": "openstacknet/before_device_create.py",
    "openstacknet_utils.py": "openstacknet/openstacknet_utils.py",
}
NEIGHBOURS = {(point, name): IN_BOTH[name] for point in POINTS[:2] for name in IN_BOTH}
NEIGHBOURS["before_vm_start", "50_qemucmdline"] = "qemucmdline/before_vm_start.py"


@pytest.fixture
def neighbours(host):
    """Install qemucmdline, vmfex_dev and openstacknet."""
    source = host.parts / "vdsm_hooks"
    files = [host.add_hook(*target, source / name) for target, name in NEIGHBOURS.items()]
    for file in files:
        file.chmod(0o644 if file.suffix else 0o755)  # the one with a suffix is a module
    yield
    for file in files:
        file.unlink()


@pytest.mark.usefixtures("neighbours")
def test_vdsms_own_hooks_do_their_work_and_extnet_does_its(host, new_vm):
    vm = new_vm()
    nics = vm.add(GLITTER, WITHOUT)
    start = len(host.log())
    vm.start(properties={"qemu_cmdline": '["-fw_cfg", "name=opt/neighbour,string=beside"]'})
    assert "name=opt/neighbour,string=beside" in host.read(f"/var/log/libvirt/qemu/{vm.name}.log")
    nics.append(vm.plug(GLITTER))
    assert [nic.on() for nic in nics] == ["glitter", "ovirtmgmt", "glitter"]
    log = host.log()[start:]
    for name, runs in {"vmfex": 3, "openstacknet": 3, "qemucmdline": 1}.items():
        assert log.count(f"50_{name}: rc=0 err=b''") == runs


def test_when_another_hook_fails_engine_is_handed_what_the_last_one_said(host, new_vm):
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    failing = host.add_hook(POINTS[0], "40_failing", "echo I am the one >&2; exit 1")
    try:
        text, log = host.refusal(vm.start)
    finally:
        failing.unlink()
    assert text.startswith(f'Hook Error: (b"extnet: vNIC {nic.mac} ')
    assert "40_failing: rc=1 err=b'I am the one" in log


@pytest.fixture(scope="module")
def ovirts_hook(host):
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


@pytest.mark.usefixtures("ovirts_hook")
def test_a_link_change_loses_the_vnic(new_vm):
    vm = new_vm()
    (nic,) = vm.add(GLITTER)
    vm.start(paused=True)
    assert nic.on() == "glitter"
    nic.update(link="down")
    assert nic.on() == "ovirtmgmt"


@pytest.mark.usefixtures("ovirts_hook")
def test_a_vm_on_macvtap_cannot_be_resumed_and_its_refusal_is_a_traceback(new_vm, host):
    vm = new_vm()
    (nic,) = vm.add(MACVTAP)
    vm.start()
    assert nic.on() == "macvtap_net"
    vm.suspend()
    text, _ = host.refusal(vm.resume)
    assert "Traceback (most recent call last)" in text
    assert "KeyError" in text
