# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer finds in a clone: the commands, the licence."""

from pathlib import Path

import pytest
from commands import make, run
from hook import REPOSITORY


def test_make_demo_shows_the_seeds_vnic_moved_from_rhevm_to_glitter():
    shown = make("demo").splitlines()
    edits = [line for line in shown if line[0:1] in "+-" and line[0:3] not in ("+++", "---")]
    assert [line for line in edits if line] == [
        '-<interface type="bridge">',
        '+<interface type="network">',
        '-  <source bridge="rhevm"/>',
        '+  <source network="glitter"/>',
    ]
    assert shown[-1] == "extnet: vNIC 52:54:00:59:F5:3F: bridge 'rhevm' -> network 'glitter'"


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
