# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent that calls the Vdsm of VDSM=, as Engine does."""

import contextlib
import json
import pickle
import re

import engine_xml
from agent import AS_SERVICE, DOWNTIME, SAVED, Agent, Refused, until
from commands import run

CLIENT = ["vdsm-client", "--insecure", "--host", "127.0.0.1", "--timeout", "120"]
UP = "Up", "Powering up"
# What Vdsm's package and `vdsm-tool configure` do on a host.
CONFIGURE = r"""
echo 'vdsm:!:19000::::::' >>/etc/shadow  # without it sudo fails
mkdir -p /var/lib/vdsm/storage /var/log/vdsm/backup
cat /proc/sys/kernel/random/uuid >/etc/vdsm/vdsm.id
# The kernel may lack bonding.
sed -i s,/sys/class/net/bonding_masters,/dev/null, \
    /usr/lib*/python3*/*-packages/vdsm/network/link/bond/sysfs_driver.py
python3 -c 'from vdsm.storage import managedvolumedb; managedvolumedb.create_db()
from vdsm.tool.configurators import passwd; passwd.configure()' >&2
"""


class RealVdsm(Agent):
    """The agent of a host with Vdsm."""

    def start(self):
        """Start supervdsmd and vdsmd; return when vdsmd answers."""
        self.host.do("python3", "-c", "from vdsm.tool import nwfilter; nwfilter.main()")
        socket = "/run/vdsm/svdsm.sock"
        supervdsmd = ["/usr/libexec/vdsm/supervdsmd", "--sockfile", socket]
        supervdsmd += ["--disable-gluster", "--disable-network"]
        self._run("lab-supervdsmd", supervdsmd, ready=["test", "-e", socket])
        vdsmd = [*AS_SERVICE, "/usr/libexec/vdsm/vdsmd"]
        self._run("lab-vdsmd", vdsmd, ready=[*CLIENT, "Host", "ping2"])

    def _run(self, unit, command, ready):
        """Run a command as a service; return when another command, ready, succeeds.

        Raises AssertionError, with what the service logged, if the service ends before that.
        """
        wait = f"until {' '.join(ready)}; do kill -0 $MAINPID || exit; sleep 0.1; done"
        options = ["--service-type=exec", f"--property=ExecStartPost=sh -c '{wait}'"]
        start = ["systemd-run", "--quiet", f"--unit={unit}", *options, *command]
        self.host.do("sh", "-c", '"$@" || { journalctl --unit "$0" && false; }', unit, *start)

    def version(self):
        """Return the version of Vdsm."""
        program = "from vdsm.common import dsaversion as it; print(it.software_version)"
        return self.host.do("python3", "-W", "ignore", "-c", program).strip()

    def call(self, method, **parameters):
        """Call a method of Vdsm, "Host.getCapabilities", say; return its result; raise Refused."""
        command = self.host.inside([*CLIENT, "--file", "-", *method.split(".")])
        done = run(*command, status=None, stdin=None, input=json.dumps(parameters))
        if done.returncode:
            raise Refused(re.sub(r"(?s)^.*?\((?=code=)", "(", done.stdout + done.stderr).strip())
        return json.loads(done.stdout)

    def restart(self, vms):
        """Restart vdsmd; return when it has found these VMs again."""
        self.host.do("systemctl", "restart", "lab-vdsmd")
        for vm in vms:
            self._comes_to(vm, *UP)

    def create(self, vm, xml):
        """Start a VM."""
        self._create(vm, xml=xml)

    def _create(self, vm, **parameters):
        """Call VM.create with these parameters and the VM's id."""
        self.call("VM.create", vmID=vm.id, vmParams={**parameters, "vmId": vm.id})
        self._comes_to(vm, *UP, "Paused")

    def _comes_to(self, vm, *wanted):
        """Wait until a VM has one of these states; raise Refused if it goes down instead."""

        def settled():
            (stats,) = self.call("VM.getStats", vmID=vm.id)
            return stats if stats["status"] in (*wanted, "Down") else None

        stats = until(settled, f"{vm.name} to be {' or '.join(wanted)}")
        if stats["status"] not in wanted:
            raise Refused(stats["exitMessage"])

    def plug(self, nic):
        """Hot-plug a vNIC."""
        params = {"vmId": nic.vm.id, "xml": engine_xml.hotplug(nic)}
        self.call("VM.hotplugNic", vmID=nic.vm.id, params=params)

    def update(self, nic):
        """Change a vNIC."""
        params = {"deviceType": "interface", "xml": engine_xml.hotplug(nic)}
        self.call("VM.updateDevice", vmID=nic.vm.id, params=params)

    def unplug(self, nic):
        """Hot-unplug a vNIC."""
        params = {"vmId": nic.vm.id, "xml": engine_xml.hotunplug(nic)}
        self.call("VM.hotunplugNic", vmID=nic.vm.id, params=params)

    def destroy(self, vm):
        """End a VM."""
        with contextlib.suppress(Refused):
            self.call("VM.destroy", vmID=vm.id)

    def suspend(self, vm):
        """Save a VM's state in two files."""
        state = SAVED.format(vm.id)
        files = {"dst": state, "dstparams": f"{state}.params"}
        for file in files.values():
            self.host.do("install", "-m", "666", "/dev/null", file)
        params = {"vmId": vm.id, "mode": "file", **files}
        self.call("VM.migrate", vmID=vm.id, params=params)
        self._comes_to(vm, "Down")
        self.destroy(vm)

    def resume(self, vm):
        """Start a suspended VM."""
        state = SAVED.format(vm.id)
        with (self.host.root / f"{state}.params".lstrip("/")).open("rb") as file:
            parameters = pickle.load(file)  # noqa: S301 (Vdsm's own)
        try:
            self._create(vm, **parameters, restoreState=state)
        except Refused:
            self.destroy(vm)
            raise

    def migrate(self, vm, destination):
        """Move a VM."""
        schedule = {"init": [{"name": "setDowntime", "params": [DOWNTIME]}], "stalling": []}
        there = {"mode": "remote", "method": "online", "dst": f"{destination.address}:54321"}
        there |= {"vmId": vm.id, "convergenceSchedule": schedule}
        self.call("VM.migrate", vmID=vm.id, params=there)

        def ended():
            status = self.call("VM.getMigrationStatus", vmID=vm.id)["status"]["message"]
            return None if status == "Migration in progress" else status

        if (status := until(ended, f"{vm.name} to migrate")) != "Migration done":
            raise Refused(status)
        self.destroy(vm)
        destination.agent._comes_to(vm, *UP)


AGENT = RealVdsm
