# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer finds in a clone: the commands, the licence."""

import re
from pathlib import Path

import pytest
import readme
from commands import make, run
from hook import REPOSITORY


def test_make_demo_shows_readmes_diff_and_what_to_do_next():
    shown = make("demo").split("\n\n")
    assert shown[1] + "\n" == readme.block("diff", "<interface").text
    assert re.fullmatch("extnet: vNIC .*: bridge 'ovirtmgmt' -> network 'glitter'", shown[3])
    assert "quick start in README.md" in shown[4]


def test_what_is_installed_is_not_installed_again():
    if not (REPOSITORY / ".venv" / "installed").exists():
        pytest.skip("not run by make check")
    assert "pip install" not in make("--dry-run", "check")
    assert "pip install" in make("--dry-run", "--what-if=tests/requirements.txt", "check")


def test_each_source_file_names_its_licence():
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a clone")
    listed = run("git", "-c", "safe.directory=*", "ls-files", cwd=REPOSITORY).stdout.splitlines()
    sources = [name for name in listed if Path(name).suffix in {".py", ".spec", ".toml", ".ini"}]
    scripts = [name for name in listed if name.startswith("tests/live/guest-")]
    for name in [*sources, *scripts, "50_extnet", "Makefile", ".ci/run"]:
        start = (REPOSITORY / name).read_text(encoding="utf-8")[:200]
        assert "# SPDX-License-Identifier: GPL-2.0-or-later\n" in start, name
    words = (REPOSITORY / "LICENSE").read_text(encoding="utf-8").split()
    assert " ".join(words[:6]) == "GNU GENERAL PUBLIC LICENSE Version 2,"
