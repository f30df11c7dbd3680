# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share: the Pythons to run the hook with, and the settings of hypothesis."""

import importlib.util
import sys

import pytest
from hook import VNIC, interpreters

pytest_plugins = ["skips"]
NEEDED = "coverage", "hypothesis", "lxml", "pytest_httpserver"
EL = "3.6", "3.9", "3.12"  # the Pythons of EL 8, EL 9 and EL 10


@pytest.hookimpl(tryfirst=True)  # before that of hypothesis, which loads the profile of an option
def pytest_configure():
    """Set up hypothesis; if a module is missing, say in one line what to do."""
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        raise pytest.UsageError(
            f"{sys.executable} has no {', '.join(missing)}. `make check` creates .venv and runs all"
            " tests; after that, .venv/bin/pytest runs some of them."
        )
    from hypothesis import Phase, settings  # noqa: PLC0415 (it may be missing)

    # The same examples in every run. `make fuzz` draws new ones.
    settings.register_profile("suite", derandomize=True, deadline=None, database=None)
    phases = [Phase.explicit, Phase.generate]
    settings.register_profile(
        "quick", settings.get_profile("suite"), max_examples=25, phases=phases
    )
    settings.load_profile("suite")


def pythons(config):
    """Return the Pythons that run the hook, {"3.6": path, ...}: all from 3.6 up, or the oldest."""
    found = interpreters()
    return dict([*found.items()][:1]) if config.getoption("one_python") else found


def pytest_report_header(config):
    """Say which Pythons run the hook."""
    return f"the hook runs with Python {', '.join(pythons(config))}"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)  # after all that pytest says itself
def pytest_terminal_summary(terminalreporter, config):
    """Name the Pythons of EL hosts that did not run the hook."""
    yield
    if missing := [version for version in EL if version not in pythons(config)]:
        terminalreporter.write_line(f"not tried: Python {', '.join(missing)}")


def pytest_addoption(parser):
    """Add --one-python."""
    parser.addoption(
        "--one-python", action="store_true", help="run the hook with the oldest Python"
    )


def pytest_generate_tests(metafunc):
    """Run a test that has the argument `python` once with each of pythons()."""
    if "python" in metafunc.fixturenames:
        found = pythons(metafunc.config)
        metafunc.parametrize("python", found.values(), ids=found)


@pytest.fixture
def device(tmp_path):
    """Return a device file with a vNIC in it."""
    path = tmp_path / "vnic.xml"
    path.write_bytes(VNIC)
    return path
