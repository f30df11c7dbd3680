# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the repository has what the tests look at."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent
HOOK = REPOSITORY / "50_extnet"
VNICS = TESTS / "vnics"
SHIPPED = TESTS / "shipped"
