# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for pytest: a skip fails in CI, where everything that a test needs has to be there."""

import os

import pytest

CI = os.environ.get("CI") == "true"


@pytest.hookimpl(hookwrapper=True)  # which Debian 12's pytest knows, too
def pytest_runtest_makereport():
    """Turn a skip into a failure in CI."""
    report = (yield).get_result()
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
