# SPDX-License-Identifier: GPL-2.0-or-later
"""README's playbooks: Ansible's own tools find no fault with them; they do what the steps say."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import readme
from commands import run
from hook import REPOSITORY

PLAYBOOKS = readme.blocks("yaml")
HOSTS = readme.block("yaml", "hosts: hypervisors")
LOGIN = readme.block("shell", "authname=")


@pytest.fixture
def ansible(tmp_path, monkeypatch):
    """Return what runs a tool of Ansible's, where README's playbooks and what they look for are."""
    bin_ = Path(sys.executable).parent
    if not (bin_ / "ansible-lint").exists():
        pytest.skip("needs ansible and ansible-lint: make readme-tools")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(bin_), prepend=":")
    monkeypatch.setenv("OVIRT_URL", "https://engine.example.com/ovirt-engine/api")
    shutil.copytree(REPOSITORY / "tests" / "networks", tmp_path / "tests" / "networks")
    for number, block in enumerate(PLAYBOOKS):
        (tmp_path / f"{number}.yml").write_text(f"---\n{block.text}", encoding="utf-8")

    return lambda *command: run(*command, cwd=tmp_path).stdout


FILES = [f"{number}.yml" for number in range(len(PLAYBOOKS))]


def test_ansible_reads_the_playbooks(ansible):
    ansible("ansible-playbook", "--syntax-check", *FILES)


def test_ansible_lint_finds_no_fault_with_the_playbooks(ansible):
    ansible("ansible-lint", "--offline", "--strict", *FILES)


def test_the_modules_have_the_options_that_the_playbooks_give_them(ansible):
    # Those of dnf, command and others, which do their work on the host, ansible-lint does not know.
    yaml = pytest.importorskip("yaml")
    tasks = [task for block in PLAYBOOKS for task in yaml.safe_load(block.text)[0]["tasks"]]
    given = [item for task in tasks for item in task.items() if "." in item[0]]
    documented = json.loads(ansible("ansible-doc", "--json", *{module for module, _ in given}))
    assert len(given) == len(tasks)
    for module, options in given:
        if isinstance(options, dict):
            assert set(options) <= set(documented[module]["doc"]["options"])


def login(text):
    """Return what is in a text of libvirt's auth.conf, with the same word for any password."""
    parser = configparser.ConfigParser()
    parser.read_string(re.sub("(?m)^ *|(?<=password=).*", "", text))
    return {name: dict(section) for name, section in parser.items()}


def test_the_playbook_logs_in_to_libvirt_as_step_1_does():
    by_hand = login(re.search("<<END\n(.*)END\n", LOGIN.text, re.S)[1])
    assert by_hand["auth-libvirt-localhost"] == {"credentials": "vdsm"}
    assert by_hand == login(re.search(r"content: \|\n((?: {10}.*\n|\n)*)", HOSTS.text)[1])
    for name in "/etc/pki/vdsm/keys/libvirt_password", "LIBVIRT_AUTH_FILE", "/run/virsh-auth.conf":
        assert name in LOGIN.text
        assert name in HOSTS.text


def test_the_login_of_step_1_is_for_root_alone(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    script = LOGIN.text.replace("/etc/pki/vdsm/keys/libvirt_password", f"{tmp_path}/password")
    subprocess.run(["bash", "-euc", script.replace("/run/", f"{tmp_path}/")], check=True)
    file = tmp_path / "virsh-auth.conf"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "authname=vdsm@ovirt\npassword=secret\n" in file.read_text()


def test_the_playbook_does_what_step_1_does():
    by_hand = re.findall(r"virsh (net-\w+)", readme.block("shell", "net-define glitter.xml").text)
    assert by_hand == re.findall(r"argv: \[virsh, (net-\w+)", HOSTS.text)
