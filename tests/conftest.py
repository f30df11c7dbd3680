# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests share: the interpreters to try the hook with, and hypothesis's settings."""

import importlib.util
import sys

import pytest
from hook import VNIC, interpreters

pytest_plugins = ["skips"]
NEEDED = "coverage", "hypothesis", "lxml", "pytest_httpserver"


@pytest.hookimpl(tryfirst=True)  # hypothesis's own loads the profile that an option names
def pytest_configure():
    """Set hypothesis up; say in one line what to do where a module is missing."""
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        raise pytest.UsageError(
            f"{sys.executable} has no {', '.join(missing)}. `make check` makes .venv and runs the"
            " tests there; after that, .venv/bin/pytest runs some of them."
        )
    from hypothesis import Phase, settings  # noqa: PLC0415 (it may be missing)

    # The same examples at each run: `make fuzz` looks at random.
    settings.register_profile("suite", derandomize=True, deadline=None, database=None)
    phases = [Phase.explicit, Phase.generate]
    settings.register_profile(
        "quick", settings.get_profile("suite"), max_examples=25, phases=phases
    )
    settings.load_profile("suite")


def pytest_report_header():
    """Say which Pythons the hook is tried with: EL 8 has 3.6, EL 9 3.9, EL 10 3.12."""
    return f"the hook runs with Python {', '.join(interpreters())}"


def pytest_addoption(parser):
    """Add --one-python, for make mutants."""
    parser.addoption("--one-python", action="store_true", help="try the oldest Python only")


def pytest_generate_tests(metafunc):
    """Run a test that takes `python` once with each interpreter from 3.6 up on this machine."""
    if "python" in metafunc.fixturenames:
        found = list(interpreters().items())
        tried = found[:1] if metafunc.config.getoption("one_python") else found
        metafunc.parametrize("python", [pytest.param(path, id=name) for name, path in tried])


@pytest.fixture
def device(tmp_path):
    """Return a device file with a vNIC in it."""
    path = tmp_path / "vnic.xml"
    path.write_bytes(VNIC)
    return path
