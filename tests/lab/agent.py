# SPDX-License-Identifier: GPL-2.0-or-later
"""What Engine calls on a host: a stand-in for Vdsm or, with VDSM=, Vdsm itself."""

import abc
import time

HOOKS = "usr/libexec/vdsm/hooks"
LOG = "/var/log/vdsm/vdsm.log"
BY_HOOK = r"50_extnet: rc=2 err=b.extnet: "  # what the log has if extnet refuses, a pattern
SAVED = "/var/lib/vdsm/{}"  # the state of a suspended VM, by the VM's id
LIBVIRT = "qemu+tcp://127.0.0.1/system"  # as for migrations, without a password
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
# What vdsmd.service says, and the environment that systemd sets.
AS_SERVICE = f"""
env --chdir=/ nice -n -20 setpriv --reuid vdsm --regid kvm --init-groups env -i LANG=C.UTF-8 {PATH}
HOME=/var/lib/vdsm LOGNAME=vdsm USER=vdsm SHELL=/sbin/nologin PWD=/
""".split()

# Without KVM, QEMU before 9.0 can lose what a guest writes while QEMU copies the guest's memory: a
# guest crashed in one migration of twenty. This downtime, in milliseconds, is long enough to copy
# nearly all of the memory while the guest is paused.
DOWNTIME = "10000"


class Refused(Exception):  # noqa: N818 (the lab expects it)
    """A call was refused. The message is what Engine receives; the stand-in gives the cause."""


class Agent(abc.ABC):
    """What both agents offer. Each method raises Refused if its call fails.

    A vm is a vm.Vm, a nic is a vm.Nic, a destination is another lab_host.LabHost. The tests call
    nothing else of an agent, except those with the marker needs_vdsm.
    """

    def __init__(self, host):
        self.host = host

    @abc.abstractmethod
    def version(self):
        """Return the version of Vdsm, str: of the stand-in, the one whose behavior it copies."""

    @abc.abstractmethod
    def start(self):
        """Get ready for calls, after each boot of the host."""

    @abc.abstractmethod
    def restart(self, vms):
        """Stop and start again while these VMs run, which are all of the host."""

    @abc.abstractmethod
    def create(self, vm, xml):
        """Start a VM from Engine's XML; return when it is up or paused."""

    @abc.abstractmethod
    def plug(self, nic):
        """Hot-plug a vNIC."""

    @abc.abstractmethod
    def update(self, nic):
        """Change a vNIC of a running VM to what the vm.Nic says.

        If that fails, the vNIC goes to the bridge of its oVirt network, unless libvirt refuses.
        """

    @abc.abstractmethod
    def unplug(self, nic):
        """Hot-unplug a vNIC; return when the guest has released it."""

    @abc.abstractmethod
    def suspend(self, vm):
        """Save a VM's state in files of the host and end the VM."""

    @abc.abstractmethod
    def resume(self, vm):
        """Start a suspended VM; if that fails, the saved state stays."""

    @abc.abstractmethod
    def migrate(self, vm, destination):
        """Move a VM, live, to another host; return when it is up there."""

    @abc.abstractmethod
    def destroy(self, vm):
        """End a VM in any state; do nothing if it is not there."""


DEADLINE = 180


def until(condition, what):
    """Wait until condition() is true and return its value.

    Raises TimeoutError, with what, a text, after DEADLINE seconds.
    """
    end = time.monotonic() + DEADLINE  # the machine may be busy with something else
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.1)
    return found
