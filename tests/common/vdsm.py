# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Vdsm's side of the hook contract, with nothing in it that Vdsm does not do.

Read from Vdsm 4.50.7, lib/vdsm/common/hooks.py: it lists the hook point's folder anew at every
event, runs what is executable there in the order of the names, and hands each the device XML in a
temporary file and the custom properties in the environment.
"""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"

# Vdsm's own environment is what systemd gives to a service; the hooks inherit it.
SERVICE = {
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "PYTHONPATH": "/usr/share/vdsm",
}


class HookError(Exception):
    """What Vdsm raises, with the hooks' stderr, in place of going on to libvirt."""


def run_hooks(folder, device_xml, device=None, vm=None, vm_id=None, user=None):
    """Run the hooks of one hook point on a device XML and return what libvirt would get.

    folder: the hook point's folder; device_xml: str, written as UTF-8 with a declaration, or bytes;
    device, vm: custom properties, a dict each, of which the VM's win; vm_id: the VM's id;
    user: the uid (and gid) to run as, for which the caller has to be root.
    Returns (device XML as bytes, stderr as str); raises HookError with the stderr if a hook failed.
    """
    environ = {**SERVICE, **(device or {}), **(vm or {})}
    if vm_id:
        environ["vmId"] = vm_id
    if isinstance(device_xml, str):
        device_xml = (DECLARATION + device_xml).encode("utf-8")
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(device_xml)
        identity = {}
        if user is not None:
            os.chown(path, user, user)
            identity = {"user": user, "group": user, "extra_groups": []}
        environ["_hook_domxml"] = path
        failed, log = False, ""
        for hook in sorted(Path(folder).iterdir()):
            if not (hook.is_file() and hook.stat().st_mode & stat.S_IXUSR):
                continue
            done = subprocess.run(
                [hook], env=environ, capture_output=True, check=False, cwd="/", **identity
            )
            log += done.stderr.decode("utf-8", "backslashreplace")
            failed = failed or done.returncode != 0
            if done.returncode >= 2:  # 1 would let the hooks after this one run
                break
        if failed:
            raise HookError(log)
        return Path(path).read_bytes(), log
    finally:
        Path(path).unlink(missing_ok=True)
