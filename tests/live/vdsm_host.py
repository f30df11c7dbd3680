# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the lab with Vdsm on it: supervdsmd, vdsmd, and vdsm-client to say what Engine says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from commands import make
from hook import REPOSITORY
from host import Host

HOOKS = "/usr/libexec/vdsm/hooks"
LOG = "/var/log/vdsm/vdsm.log"

# What Vdsm's RPM and `vdsm-tool configure` do on a host. Without the shadow line sudo fails.
INSTALL = r"""
sed -i '/^\(kvm\|qemu\|vdsm\):/d; /^[^:]*:[^:]*:\(36\|107\):/d' /etc/passwd /etc/group
printf '%s\n' kvm:x:36:qemu qemu:x:107:vdsm >>/etc/group
cat >>/etc/passwd <<END
vdsm:x:36:36:Node Virtualization Manager:/var/lib/vdsm:/sbin/nologin
qemu:x:107:107:qemu user:/:/sbin/nologin
END
echo 'vdsm:!:19000::::::' >>/etc/shadow
mkdir -p /etc/pki/vdsm/keys /etc/sasl2 /var/lib/vdsm/storage /var/log/vdsm/backup
cat /proc/sys/kernel/random/uuid >/etc/vdsm/vdsm.id
cat /proc/sys/kernel/random/uuid >/etc/pki/vdsm/keys/libvirt_password
python3 -c 'from vdsm.storage import managedvolumedb; managedvolumedb.create_db()
from vdsm.tool.configurators import passwd; passwd.configure()'
chown -R vdsm:kvm /var/lib/vdsm /var/log/vdsm /run/vdsm /etc/pki/vdsm/keys
"""
# What README has an admin do, so that virsh needs no password.
LOGIN = """[credentials-vdsm]
authname=vdsm@ovirt
password={password}
[auth-libvirt-localhost]
credentials=vdsm
"""
# As vdsmd.service has it, with the environment that systemd gives.
AS_SERVICE = """
nice -n -20 setpriv --reuid vdsm --regid kvm --init-groups env -i LANG=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/var/lib/vdsm LOGNAME=vdsm USER=vdsm
SHELL=/sbin/nologin
""".split()
CLIENT = ["vdsm-client", "--insecure", "--host", "127.0.0.1", "--timeout", "120"]


class VdsmError(Exception):
    """Vdsm refused a call; the message is what Engine is handed, `code=…, message=…`."""


class VdsmHost(Host):
    """A Host on which Vdsm is installed, and started by start_vdsm()."""

    def __init__(self, name, parts):
        """Take what Host takes."""
        super().__init__(name, parts)
        self.run("sh", "-ec", INSTALL)
        self.vdsmd = None

    def log_in(self):
        """Let root's virsh change something."""
        password = self.read("/etc/pki/vdsm/keys/libvirt_password").strip()
        self.write("/etc/libvirt/auth.conf", LOGIN.format(password=password))

    def start_vdsm(self):
        """Start supervdsmd, if it does not run, and vdsmd; wait until that answers."""
        if not (self.root / "run/vdsm/svdsm.sock").exists():
            self.run("python3", "-c", "from vdsm.tool import nwfilter; nwfilter.main()")
            options = "--disable-gluster", "--disable-network"
            socket = "--sockfile", "/run/vdsm/svdsm.sock"
            daemon = self.daemon("/usr/libexec/vdsm/supervdsmd", *socket, *options)
            self.ready(daemon, (self.root / "run/vdsm/svdsm.sock").exists)
        self.vdsmd = self.daemon(*AS_SERVICE, "/usr/libexec/vdsm/vdsmd")
        self.ready(self.vdsmd, lambda: self.succeeds(*CLIENT, "Host", "ping2"))

    def restart_vdsm(self):
        """Restart vdsmd, as systemd would."""
        self.vdsmd.terminate()
        self.vdsmd.wait()
        self.start_vdsm()

    def call(self, method, **parameters):
        """Call a method of Vdsm, "VM.create", say; return its result; raise VdsmError."""
        command = self.inside([*CLIENT, "--file", "-", *method.split(".")])
        given = json.dumps(parameters)
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise VdsmError(re.sub(r"(?s)^.*?\((?=code=)", "(", done.stdout + done.stderr).strip())
        return json.loads(done.stdout)

    def log(self):
        """Return vdsm.log, str."""
        return self.read(LOG)

    def refusal(self, change, *arguments, **options):
        """Make a change that Vdsm has to refuse; return what Engine is handed, and what Vdsm logs.

        Raises AssertionError if it is not refused.
        """
        start = len(self.log())
        try:
            change(*arguments, **options)
        except VdsmError as error:
            return str(error), self.log()[start:]
        raise AssertionError(f"not refused: {change}")

    def install_hook(self):
        """Install the hook as `make install` does."""
        make("install", f"DESTDIR={self.root}")

    def install_rpm(self):
        """Install the hook by the RPM that `make rpm` builds."""
        make("rpm")
        (built,) = (REPOSITORY / "build").glob("*.noarch.rpm")
        shutil.copy(built, self.root / "tmp")
        self.run("sh", "-c", "rpm --force-debian -i /tmp/*.noarch.rpm")

    def hook_file(self, point, name):
        """Return the Path of a file in a hook point's folder."""
        return self.root / HOOKS.lstrip("/") / point / name

    def add_hook(self, point, name, script):
        """Put a hook into a hook point: a shell script's text, or the Path of a file."""
        file = self.hook_file(point, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(script, Path):
            shutil.copy(script, file)
        else:
            file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file
