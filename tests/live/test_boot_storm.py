# SPDX-License-Identifier: GPL-2.0-or-later
"""Many VMs are started as fast as Vdsm takes them."""

from concurrent.futures import ThreadPoolExecutor

from vm import Profile

VMS, NICS, AT_A_TIME = 20, 10, 4


def test_every_vnic_of_a_boot_storm_is_on_glitter_with_its_audit_line(host, new_vm):
    vms = [new_vm() for _ in range(VMS)]
    for vm in vms:
        vm.add(*[Profile("glitter")] * NICS)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(lambda vm: vm.start(paused=True), vms))
    nics = [nic for vm in vms for nic in vm.nics]
    assert len(host.run("ls", "/sys/class/net/virbr-glitter/brif").split()) == len(nics)
    assert [len(nic.audit_lines()) for nic in nics] == [1] * len(nics)
