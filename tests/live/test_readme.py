# SPDX-License-Identifier: GPL-2.0-or-later
"""README's step 1, by hand and by its playbook, on a host whose libvirt asks for a password.

As Vdsm 4.50 sets libvirt up (lib/vdsm/tool/configurators, libvirt.py and passwd.py): SASL on the
socket that can change something, with scram-sha-256, and a user whose password is in a file.
"""

import json
import sys
from pathlib import Path

import pytest
import readme
from host import NETWORKS, CommandError
from vdsm_host import VdsmHost

LISTING = readme.block("shell", "net-list --all")


@pytest.fixture(scope="module")
def fresh(pytestconfig):
    """Set up a host as Vdsm has set it up, without a libvirt network."""
    host = VdsmHost("fresh", pytestconfig.getoption("parts"))
    host.start_libvirt()
    return host


def test_libvirt_wants_a_password_from_who_changes_something(fresh):
    with pytest.raises(CommandError, match="authentication failed"):
        fresh.run("sh", "-c", "virsh net-list </dev/null")


def test_the_commands_of_step_1_put_glitter_on_a_host(fresh):
    login, define = (readme.block("shell", piece) for piece in ("authname=", "net-define glitter"))
    undo = 'virsh net-destroy glitter; virsh net-undefine glitter; rm "$LIBVIRT_AUTH_FILE"'
    commands = f"{login.text}{define.text}{LISTING.text}exec >/dev/null; {undo}"
    printed = fresh.run("bash", "-euc", f"exec </dev/null; cd {NETWORKS}\n{commands}")
    assert printed == f"{define.prints}\n{LISTING.prints}\n"


def test_the_playbook_puts_glitter_on_a_host_and_then_finds_nothing_to_do(fresh, tmp_path):
    ansible = Path(sys.executable).with_name("ansible-playbook")
    if not ansible.exists():
        pytest.skip("needs ansible: make readme-tools")
    yaml = pytest.importorskip("yaml")
    (play,) = yaml.safe_load(readme.block("yaml", "hosts: hypervisors").text)
    del play["tasks"][:-1]  # all that is for the RPM: tests/package/test_playbook.py
    play["vars"]["network_xml"] = str(NETWORKS / "glitter.xml")
    (tmp_path / "hosts.yml").write_text(json.dumps([play]))
    here = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    (tmp_path / "inventory").write_text(f"[hypervisors]\nfresh {here}\n")
    run = f"exec </dev/null; cd {tmp_path}; HOME=$PWD {ansible} -i inventory hosts.yml"
    assert "changed=1 " in fresh.run("sh", "-c", run)
    assert fresh.run("virsh", "-r", "net-list", "--all") == f"{LISTING.prints}\n"
    assert "changed=0 " in fresh.run("sh", "-c", run)
