# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for pytest: in CI, where all tools must be installed, a skip fails."""

import os

import pytest

CI = os.environ.get("CI") == "true"


@pytest.hookimpl(hookwrapper=True)  # Debian 12's pytest knows no "wrapper"
def pytest_runtest_makereport():
    """Turn a skip into a failure, in CI."""
    report = (yield).get_result()
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
