# SPDX-License-Identifier: GPL-2.0-or-later
"""The files and folders of the repository that tests use."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent
HOOK = REPOSITORY / "50_extnet"
VNICS = TESTS / "vnics"
SHIPPED = TESTS / "shipped"
