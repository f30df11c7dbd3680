# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab says if it cannot run, and that its hosts cannot change the machine."""

import os
import re
import sys

import installation
import pytest
from commands import run
from paths import REPOSITORY

LAB = REPOSITORY / "tests" / "lab"


@pytest.mark.parametrize(
    ("wrapper", "environ", "message"),
    [
        ([], {"PATH": ""}, "needs Debian 12 or 13 on x86_64 with these packages: "),
        ([], {"DEBIAN": "11"}, "needs Debian 12 or 13 on x86_64 with these packages: "),
        (["unshare", "--user"], {}, "needs root"),
    ],
)
def test_a_machine_without_it_is_told_what_the_lab_needs(wrapper, environ, message):
    done = run(*wrapper, sys.executable, LAB, env={**os.environ, **environ}, status=1)
    assert done.stderr.startswith(f"check-live {message}")
    assert done.stderr.count("\n") == 1


def test_a_host_cannot_change_the_machines_kernel(host):
    host.do("test", "-w", "/proc/sys/net/ipv4/ip_forward")  # of its network namespace
    for path in "/proc/sys/kernel/panic", "/proc/sys/vm/swappiness", "/sys/kernel/uevent_helper":
        host.do("test", "-w", path, status=1)
    allowed = int(re.search(r"CapBnd:\s(\w+)", host.read("/proc/1/status"))[1], base=16)
    modules, raw_io, time = 16, 17, 25
    assert not allowed & (1 << modules | 1 << raw_io | 1 << time)


def test_pytest_alone_does_not_touch_the_machine():
    done = run(sys.executable, "-m", "pytest", LAB / "test_lab.py", cwd=REPOSITORY, status=4)
    assert "run `make check-live`" in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_an_installation_is_refused_by_the_names_of_what_it_lacks(tmp_path):
    lacking = ["usr/libexec/vdsm/supervdsmd", f"{installation.MODULES}vdsmclient"]
    for name in installation.NEEDED:
        if name not in lacking:
            file = tmp_path / name.replace("*", "3")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    environ = {**os.environ, "VDSM": str(tmp_path)}
    said = run(sys.executable, LAB, env=environ, status=1).stderr
    assert said == f"check-live cannot use VDSM={tmp_path}, which lacks {' '.join(lacking)}\n"


def test_the_page_for_maintainers_names_what_an_installation_must_have():
    page = (REPOSITORY / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in installation.NEEDED:
        assert f"`{name.removeprefix(installation.MODULES)}`" in page
