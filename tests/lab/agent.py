# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent of a host: what Engine calls. It is a StandIn, or with VDSM= the RealVdsm.

Both have these methods; each raises Refused if the call fails. A vm is a vm.Vm, a nic a vm.Nic.

    start()                     get ready for calls
    restart(vms)                stop and start again, while these VMs run
    create(vm, xml)             start a VM of Engine's XML, and return when it is up
    plug(nic), update(nic), unplug(nic)
    suspend(vm), resume(vm)     into files of the host, and from them
    migrate(vm, destination)    live, to another LabHost
    destroy(vm)                 whatever state it is in
"""

import time

HOOKS = "usr/libexec/vdsm/hooks"
LOG = "/var/log/vdsm/vdsm.log"
SAVED = "/var/lib/vdsm/{}"  # what a suspended VM leaves, by its id
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
# What vdsmd.service says, and the environment that systemd gives.
AS_SERVICE = f"""
env --chdir=/ nice -n -20 setpriv --reuid vdsm --regid kvm --init-groups env -i LANG=C.UTF-8 {PATH}
HOME=/var/lib/vdsm LOGNAME=vdsm USER=vdsm SHELL=/sbin/nologin PWD=/
""".split()

# QEMU before 9.0, where it emulates, can lose what a guest writes while its memory is copied: a
# guest crashed in one migration of twenty. With a downtime of so many milliseconds nearly all is
# copied while the guest stands still.
DOWNTIME = "10000"


class Refused(Exception):  # noqa: N818 (the lab expects it)
    """A call was refused. The message is what Engine is handed; without Vdsm it is the cause."""


DEADLINE = 180


def until(condition, what):
    """Return what condition() gives once that is true; raise TimeoutError, naming what, if late."""
    end = time.monotonic() + DEADLINE  # the machine may be busy with something else
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.1)
    return found
