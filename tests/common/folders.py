# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for pytest: a folder for what user vdsm has to reach, too."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def folder():
    """Return a folder that every user can reach, like the one Vdsm's temporary files are in."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o1777)
        yield Path(path)
