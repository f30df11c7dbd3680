# SPDX-License-Identifier: GPL-2.0-or-later
"""Vdsm's own vdsm.common.hooks, held to its contract by the same tests as the stand-in."""

import json

import pytest
import vdsm
from commands import run
from host import AS_SERVICE
from test_vdsm_contract import *  # noqa: F403

PROGRAM = """
import json, logging, os, sys
from vdsm.common import exception, hooks
given, said = json.load(sys.stdin), []
class Log(logging.Handler):
    def emit(self, record):
        if record.levelname == "INFO":
            said.append(record.args[2].decode())
logging.basicConfig(level="INFO", handlers=[Log()])
hooks.P_VDSM_HOOKS, point = os.path.split(given["folder"])
vm = {"vmId": given["vm_id"], "custom": given["vm"]}
try:
    data = hooks._runHooksDir(given["xml"], point, vmconf=vm, params=given["device"])
    print(json.dumps({"data": data, "said": "".join(said)}))
except exception.HookError as error:
    print(json.dumps({"error": str(error)}))
"""


@pytest.fixture
def run_hooks(host):
    """Give a function that does what vdsm.run_hooks does, by Vdsm's own code and as its user."""

    def by_vdsm(folder, device_xml, device=None, vm=None, vm_id=None, user=36):
        assert user == 36
        given = {"folder": str(folder), "xml": device_xml.decode(), "vm_id": vm_id}
        given |= {"device": device or {}, "vm": vm or {}}
        command = host.inside([*AS_SERVICE, "/usr/bin/python3", "-W", "ignore", "-c", PROGRAM])
        answer = json.loads(run(*command, stdin=None, input=json.dumps(given), cwd="/").stdout)
        if "error" in answer:
            raise vdsm.HookError(answer["error"])
        return answer["data"].encode(), answer["said"]

    return by_vdsm
