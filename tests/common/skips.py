# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for pytest: in CI, where everything that a test needs has to be there, a skip fails."""

import os

import pytest

CI = os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Make of a skip a failure in CI."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
