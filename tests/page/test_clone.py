# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer finds in a clone: the commands, the layout, the licence."""

import subprocess
from pathlib import Path

import pytest
from commands import make
from hook import REPOSITORY


@pytest.fixture
def tracked():
    """Return the names of the files that belong to the project."""
    command = ["git", "-c", "safe.directory=*", "ls-files"]
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a clone")
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_make_demo_shows_the_seeds_vnic_moved_from_rhevm_to_glitter():
    shown = make("demo").splitlines()
    edits = [line for line in shown if line[0:1] in "+-" and line[0:3] not in ("+++", "---")]
    assert [line for line in edits if line] == [
        '-<interface type="bridge">',
        '+<interface type="network">',
        '-  <source bridge="rhevm"/>',
        '+  <source network="glitter"/>',
    ]
    audit = "extnet: vNIC 52:54:00:59:F5:3F: bridge 'rhevm' -> network 'glitter'"
    assert shown[-1] == audit


def test_what_is_installed_is_not_installed_again():
    if not (REPOSITORY / ".venv" / "installed").exists():
        pytest.skip("not run by make check")
    assert "pip install" not in make("--dry-run", "check")
    assert "pip install" in make("--dry-run", "--what-if=tests/requirements.txt", "check")


def test_the_top_level_is_what_it_is_to_be(tracked):
    expected = {"50_extnet", "LICENSE", "Makefile", "README.md", "tests", "vdsm-hook-extnet.spec"}
    assert {Path(name).parts[0] for name in tracked if not name.startswith(".")} == expected


def test_each_source_file_names_its_licence(tracked):
    sources = [name for name in tracked if Path(name).suffix in {".py", ".spec", ".toml", ".ini"}]
    scripts = [name for name in tracked if name.startswith("tests/live/guest-")]
    for name in [*sources, *scripts, "50_extnet", "Makefile", ".ci/run"]:
        start = (REPOSITORY / name).read_text(encoding="utf-8")[:200]
        assert "# SPDX-License-Identifier: GPL-2.0-or-later\n" in start, name


def test_the_licence_is_there():
    words = (REPOSITORY / "LICENSE").read_text(encoding="utf-8").split()
    assert " ".join(words[:6]) == "GNU GENERAL PUBLIC LICENSE Version 2,"
