# SPDX-License-Identifier: GPL-2.0-or-later
"""README's playbook for many hosts, whole, with the real Ansible and the real dnf.

Its paths on the host are put into the scratch root. virsh is a stand-in; with the real one, and a
libvirt that asks for the password: tests/live/test_quick_start.py.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest
import readme
from host import NAME, PLAIN

STEPS = ["net-define glitter\n", "net-start glitter\n", "net-autostart glitter\n"]

# It keeps in the file `did` what was done, and wants the password for that.
VIRSH = r"""#!/bin/sh -e
cd "$HOME"
case "$*" in
"-r net-list --name --all") sed -n 's/net-define //p' did ;;
"-r net-list --name") sed -n 's/net-start //p' did ;;
"-r net-list --name --all --autostart") sed -n 's/net-autostart //p' did ;;
*)
    stat -c %a "$LIBVIRT_AUTH_FILE" | grep -qx 600
    grep -qx password=secret "$LIBVIRT_AUTH_FILE"
    if [ -e "$2" ]; then set "$1" "$(sed -n 's:.*<name>\(.*\)</name>:\1:p' "$2")"; fi
    echo "$1 $2" | tee -a did
    ;;
esac
"""


@pytest.fixture
def play(host, tmp_path):
    """Return a function that runs the playbook on a host with oVirt's hook.

    It takes options of Ansible's, and which packages are in build/; it returns how many changes
    Ansible reports, what the network was put through, and all that Ansible said.
    """
    ansible = Path(sys.executable).with_name("ansible-playbook")
    if not ansible.exists():
        pytest.skip("needs ansible: make readme-tools")
    host.dnf("install", f"{NAME}-4.50.7")
    host.write("etc/yum.repos.d/none.repo", "[none]\nname=none\nbaseurl=https://127.0.0.1:1/\n")
    host.write("etc/dnf/dnf.conf", f"reposdir={host.root}/etc/yum.repos.d\n")
    host.write("etc/pki/vdsm/keys/libvirt_password", "secret\n")
    host.write("root/did", "")
    host.write("root/virsh", VIRSH)
    (host.root / "root" / "virsh").chmod(0o755)
    (host.root / "var" / "tmp").mkdir()
    scratch = f"installroot: {host.root}, conf_file: {host.root}/etc/dnf/dnf.conf"
    playbook = readme.block("yaml", "hosts: hypervisors").text
    playbook = re.sub("(?<= )(?=/(etc|usr|var)/)", str(host.root), playbook)
    playbook += f"  module_defaults: {{ansible.builtin.dnf: {{{scratch}, use_backend: dnf4}}}}\n"
    (tmp_path / "hosts.yml").write_text(playbook)
    here = "ansible_connection=local ansible_become=no ansible_python_interpreter=/usr/bin/python3"
    (tmp_path / "inventory").write_text(f"[hypervisors]\nhost {here}\n")
    path = {"PATH": f"{host.root}/root:{PLAIN['PATH']}"}

    def run(*options, build=(), status=0):
        shutil.rmtree(tmp_path / "build", ignore_errors=True)
        (tmp_path / "build").mkdir()
        for package in build:
            shutil.copy(package, tmp_path / "build")
        command = [ansible, "-i", tmp_path / "inventory", tmp_path / "hosts.yml", *options]
        said = host.run(*command, env=path, status=status).stdout
        did = (host.root / "root" / "did").read_text().splitlines(keepends=True)
        return int(re.search(r"changed=(\d+)", said)[1]), did, said

    return run


def test_it_changes_nothing_with_check_then_all_then_nothing(play, host, package, release):
    host.write("root/did", STEPS[0])
    changed, did, _ = play("--check", build=[package])
    assert (changed, did, host.hook) == (2, STEPS[:1], "4.50.7-1")
    changed, did, _ = play(build=[package])
    assert (changed, did, host.hook) == (3, STEPS, release)
    for options in [], ["--check"]:
        changed, did, _ = play(*options, build=[package])
        assert (changed, did) == (0, STEPS)


def test_it_brings_the_hook_that_is_in_build(play, host, package, newer):
    for built in newer, package:
        _, did, _ = play(build=[built])
        assert did == STEPS
        assert f"{NAME}-{host.hook}.noarch.rpm" == built.name
        assert (host.root / "var" / "tmp" / built.name).exists()


def test_without_the_one_rpm_it_says_what_to_do(play, package, newer):
    for build in [], [package, newer]:
        changed, did, said = play(build=build, status=2)
        assert "build/ has to hold one RPM of the hook: run make rpm" in said
        assert (changed, did) == (0, [])
