# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Vdsm's side of the hook contract, with nothing in it that Vdsm does not do.

Vdsm's own is lib/vdsm/common/hooks.py (4.50.7). hook/test_vdsm_contract.py holds the stand-in to
the contract, and in the lab, `make check-live`, the same tests hold Vdsm's own to it.
"""

import os
import subprocess
import tempfile
from pathlib import Path

# Vdsm's own environment is what systemd gives to a service; the hooks inherit it.
SERVICE = {
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "PYTHONPATH": ":/usr/lib/python3.9/site-packages/vdsm/hook",
}


class HookError(Exception):
    """What Vdsm raises in place of going on to libvirt; the message is what Engine is handed."""


def run_hooks(folder, device_xml, device=None, vm=None, vm_id=None, user=None):
    """Run the hooks of one hook point on a device XML and return what libvirt would get.

    folder: the hook point's folder; device_xml: UTF-8, bytes; device, vm: custom properties, a dict
    each, of which the VM's win; vm_id: the VM's id; user: the uid (and gid) to run as, for which
    the caller has to be root.
    Returns (device XML as bytes, the hooks' stderr as str); raises HookError if a hook failed.
    """
    environ = {**SERVICE, **(device or {}), **(vm or {})}
    if vm_id:
        environ["vmId"] = vm_id
    visible = (path for path in Path(folder).iterdir() if not path.name.startswith("."))
    hooks = sorted(path for path in visible if path.is_file() and os.access(path, os.X_OK))
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(device_xml)
        identity = {}
        if user is not None:
            os.chown(path, user, user)
            identity = {"user": user, "group": user, "extra_groups": []}
        environ["_hook_domxml"] = path
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "check": False, "cwd": "/"}
        failed, said = False, []
        for hook in hooks:
            done = subprocess.run([hook], env=environ, **options, **identity)  # noqa: PLW1510
            said.append(done.stderr)
            failed = failed or done.returncode != 0
            if done.returncode == 2:  # after any other status the others run
                break
        if failed:  # with what the last one said that ran, whichever failed
            raise HookError(f"Hook Error: ({said[-1]!r},)")
        data = Path(path).read_text(encoding="utf-8").encode()
        return data, b"".join(said).decode("utf-8", "backslashreplace")
    finally:
        Path(path).unlink(missing_ok=True)
