# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests share: the interpreters to try the hook with, and hypothesis's settings."""

import hypothesis
import pytest
from hook import VNIC, interpreters

pytest_plugins = ["skips", "folders"]

# The same examples at each run: what is looked for at random is for `make fuzz`.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile(
    "quick",
    hypothesis.settings.get_profile("suite"),
    max_examples=25,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("suite")


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
def device(folder):
    """Return a device file with a vNIC in it, for its owner's eyes only, as Vdsm's are."""
    path = folder / "vnic.xml"
    path.touch(0o600)
    path.write_bytes(VNIC)
    return path
