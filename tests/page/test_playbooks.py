# SPDX-License-Identifier: GPL-2.0-or-later
"""README's playbooks as ansible-lint sees them, and the login to libvirt that stands there twice.

What they do: tests/package/test_playbook.py, test_engine.py and tests/live.
"""

import configparser
import re
import sys
from pathlib import Path

import pytest
import readme
from commands import run

LOGIN = readme.block("shell", "authname=").text
HOSTS = readme.block("yaml", "hosts: hypervisors").text


def test_ansible_lint_finds_no_fault_with_the_playbooks(tmp_path, monkeypatch):
    bin_ = Path(sys.executable).parent
    if not (bin_ / "ansible-lint").exists():
        pytest.skip("needs ansible-lint: make readme-tools")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(bin_), prepend=":")
    monkeypatch.setenv("OVIRT_URL", "https://engine.example.com/ovirt-engine/api")
    for number, block in enumerate(readme.blocks("yaml")):
        (tmp_path / f"{number}.yml").write_text(f"---\n{block.text}", encoding="utf-8")
    run("ansible-lint", "--offline", "--strict", *tmp_path.glob("*.yml"), cwd=tmp_path)


def login(commands):
    """Return what commands hand to libvirt's auth.conf."""
    parser = configparser.ConfigParser()
    parser.read_string(re.sub("(?m)^ +", "", re.search("<<END\n(.*?) *END\n", commands, re.S)[1]))
    return {name: dict(section) for name, section in parser.items()}


def test_the_playbook_logs_in_to_libvirt_as_step_2_does():
    assert login(HOSTS) == login(LOGIN)


def test_the_login_of_step_2_is_for_root_alone(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    script = LOGIN.split("virsh net")[0].replace("/run/", f"{tmp_path}/")
    run("bash", "-euc", script.replace("/etc/pki/vdsm/keys/libvirt_", f"{tmp_path}/"))
    file = tmp_path / "virsh-auth.conf"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "authname=vdsm@ovirt\npassword=secret\n" in file.read_text()
