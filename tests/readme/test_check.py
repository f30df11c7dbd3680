# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/shipped/check.py, with a stand-in for Engine's REST API."""

import hashlib
import importlib.util
import os
import re
import shutil
import unittest.mock
from types import SimpleNamespace

import pytest
from commands import run
from hook import POINTS, interpreters
from paths import HOOK, SHIPPED
from werkzeug import Response

CHECK = SHIPPED / "check.py"
DIGEST = hashlib.sha256(HOOK.read_bytes()).hexdigest()
OTHER = "f2e19217536a0842335861c1bea8309fbdf156b6eba27d8d9c525e8b5cbb1b15"
NEIGHBORS = [(point, "50_vmfex", OTHER) for point in POINTS]
OURS = [(point, "50_extnet", DIGEST) for point in POINTS]
OLDEST = next(iter(interpreters().values()))


def check(*options, status=0, python=OLDEST):
    """Run the check; return the lines that it prints, on stderr if it cannot tell."""
    done = run(python, CHECK, *options, status=status)
    shown, empty = (done.stderr, done.stdout) if status == 2 else (done.stdout, done.stderr)
    assert empty == ""
    return shown.splitlines()


@pytest.fixture
def site(engine):
    """Return parts of a sound site: two data centers, each with a host and a network nowhere.

    Another host has no network and no hook.
    """
    lab = engine.add_center("Lab")
    nowhere, other = (engine.add_network("nowhere", center) for center in (engine.center, lab))
    engine.add_profile("ovirtmgmt", engine.management)
    glitter = engine.add_profile("glitter", nowhere, extnet="glitter", speed="9")
    engine.add_profile("glitter", other, extnet="glitter")
    host = engine.add_host("host1", nowhere, engine.management, hooks=NEIGHBORS + OURS)
    engine.add_host("host2", other, hooks=OURS)
    engine.add_host("host3", engine.management, hooks=NEIGHBORS)
    for each in engine.lists["hosts"]:
        engine.refresh(each["id"])
    return SimpleNamespace(nowhere=nowhere, glitter=glitter, host=host, lab=lab)


SOUND = "No fault. Data centers: 2; vNIC profiles: 3; hosts with the network: 2 of 3"


@pytest.mark.usefixtures("site")
def test_a_sound_site_has_no_fault_and_is_not_changed(engine, python, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")  # as in cron
    monkeypatch.setenv("OVIRT_URL", os.environ["OVIRT_URL"] + "/")
    assert check(python=python) == [SOUND]
    assert len(engine.requests) == 5
    assert {request.split()[0] for request in engine.requests} == {"GET"}


def test_many_hosts_are_not_more_requests(engine, site):
    for number in range(40):
        engine.refresh(engine.add_host(f"kvm{number}", site.nowhere, hooks=OURS)["id"])
    assert check()[0].endswith("hosts with the network: 42 of 43")
    assert len(engine.requests) == 5


REPAIR = "install the hook of this clone, then run this check with --refresh"
HOOKS = {
    "does not have the hook": [],
    "has oVirt's own extnet hook in place of this one": [
        (point, "50_extnet", OTHER) for point in POINTS[:2]
    ],
    "has another release of the hook than this clone": [
        (point, "50_extnet", OTHER) for point in POINTS
    ],
    "does not have the hook in before_update_device": OURS[:2],
    "does not have the hook in before_device_create, before_nic_hotplug": OURS[2:],
}


@pytest.mark.parametrize("fault", HOOKS)
def test_a_host_with_the_network_has_this_clones_hook_in_each_hook_point(fault, engine, site):
    engine.real[site.host["id"]] = (), NEIGHBORS + HOOKS[fault]
    engine.refresh(site.host["id"])
    assert check(status=1) == [f"Host 'host1' {fault}: {REPAIR}"]


@pytest.mark.parametrize("ours", [OURS[:2], []])
def test_one_hook_point_with_another_file_is_another_release(ours, engine, site):
    engine.real[site.host["id"]] = (), [*ours, (POINTS[2], "50_extnet", OTHER)]
    engine.refresh(site.host["id"])
    assert "another release" in check(status=1)[0]


def test_what_engine_knows_of_a_host_that_is_not_up_is_old(engine, site):
    site.host["status"] = "non_responsive"
    assert check(status=1) == [
        "Host 'host1' is not up but non_responsive, so what Engine knows of its hooks is old:"
        " activate or repair it, then run this check with --refresh"
    ]
    engine.add_host("new", status="installing")  # It has no network yet, so it is no fault.
    assert len(check("--refresh", status=1)) == 1
    assert [each for each in engine.requests if site.host["id"] in each] == []


def test_a_profile_with_extnet_is_on_nowhere_and_no_other_profile_is(engine, site):
    engine.add_profile("glitter", engine.management, extnet="glitter")
    engine.add_profile("nowhere", site.nowhere, speed="9")
    assert check(status=1) == [
        "vNIC profile 'glitter' of network 'ovirtmgmt' in data center 'Default' has extnet, so a"
        " live change that fails connects the VM to 'ovirtmgmt': use a profile of a network that"
        " leads nowhere (README, step 5)",
        "vNIC profile 'nowhere' of network 'nowhere' in data center 'Default' does not have"
        " extnet, and an imported VM may get it: remove it",
    ]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_networks_have_any_names(locale, engine, site, monkeypatch):
    monkeypatch.setenv("LC_ALL", locale)
    dark = engine.add_network("dunkle Straße 暗", site.lab)
    engine.add_profile("日本", dark, extnet="glitter")
    shown = "vNIC profile '日本' of network 'dunkle Straße 暗'"
    encoding = run(OLDEST, "-c", "import sys; print(sys.stdout.encoding)").stdout.strip()
    assert shown.encode(encoding, "backslashreplace").decode(encoding) in check(status=1)[0]
    check("--network", "nowhere", "--network", "dunkle Straße 暗")
    assert check("--network", "Nowhere", status=1)[0] == (
        "No network is called 'Nowhere': create it (README, step 5), or name yours with --network"
    )


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_no_name_leaves_its_line(locale, engine, monkeypatch):
    monkeypatch.setenv("LC_ALL", locale)
    name = "a\nNo fault\r\x1b[2J\u202e\u2028\ud800ü"
    engine.add_profile(name, engine.management, extnet="glitter")
    (line,) = check(status=1)
    assert line.isprintable()
    assert r"'a\nNo fault\r\x1b[2J\u202e\u2028\ud800" in line


def test_refresh_asks_the_hosts_with_the_network_first(engine, site):
    nics, _ = engine.real[site.host["id"]]
    engine.real[site.host["id"]] = nics, NEIGHBORS
    assert check() == [SOUND]  # as of the last time that the host was asked
    engine.requests.clear()
    assert check("--refresh", status=1) == [f"Host 'host1' does not have the hook: {REPAIR}"]
    asked = {
        each["name"]
        for each in engine.lists["hosts"]
        if f"POST hosts/{each['id']}/refresh" in engine.requests
    }
    assert asked == {"host1", "host2"}
    engine.real[site.host["id"]] = nics, OURS
    assert check("--refresh") == [SOUND]


def test_a_host_that_cannot_be_asked_is_a_fault(engine, site):
    del engine.real[site.host["id"]]
    (fault,) = check("--refresh", status=1)
    assert fault.startswith("Host 'host1' was not asked for its hooks: Engine answers hosts/")
    assert "Network error during communication with the Host." in fault


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("OVIRT_URL", "", "OVIRT_URL is not set: see More hosts in README.md"),
        ("OVIRT_USERNAME", "", "OVIRT_USERNAME is not set"),
        ("OVIRT_PASSWORD", "", "OVIRT_PASSWORD is not set"),
        ("OVIRT_PASSWORD", "wröng", "Cannot authenticate user 'admin@internal'"),
        ("OVIRT_PASSWORD", "wröng", ": check OVIRT_USERNAME and OVIRT_PASSWORD"),
        ("OVIRT_CAFILE", "", "certificate verify failed"),
        ("OVIRT_CAFILE", "none.pem", "OVIRT_CAFILE is none.pem: [Errno 2] No such file"),
        ("OVIRT_CAFILE", "empty.pem", "OVIRT_CAFILE is empty.pem: "),
        ("OVIRT_URL", "http://localhost/ovirt-engine/api", "does not begin with https://"),
        ("OVIRT_URL", "https://localhost:1/ovirt-engine/api", "Connection refused"),
        ("OVIRT_URL", "https://[", "check OVIRT_URL"),
        ("OVIRT_URL", "https://a b", "check OVIRT_URL"),
    ],
)
@pytest.mark.usefixtures("site")
def test_it_cannot_tell_without_address_login_and_certificate(
    variable, value, words, monkeypatch, tmp_path
):
    monkeypatch.setenv("LC_ALL", "C")
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv(variable, value)
    (line,) = check(status=2)
    assert line.startswith("Cannot tell: ")
    assert words in line


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response("<html>\n<h1>Service Unavailable</h1></html>", 503), "HTTP 503: Service Unav"),
        (
            Response("<html>\n<h1>Not Found</h1></html>", 404),
            "HTTP 404: Not Found: check OVIRT_URL",
        ),
        (Response("<html>\nlog in</html>"), "check OVIRT_URL"),
        (Response("[" * 100000), "check OVIRT_URL"),
        (Response("[]"), "not as expected"),
        (Response("{}"), "not as expected: KeyError('data_center'"),
        (Response('{"data_center": [null]}'), "not as expected"),
        (
            Response('{"data_center": [], "network": [], "host": [{"network_attachments": []}]}'),
            "not",
        ),
        (Response("\x1b[2J\n" + "x" * 1000, 500), r"HTTP 500: \x1b[2J xxx"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_it_cannot_tell_from_an_answer_that_it_does_not_expect(response, words, httpserver):
    httpserver.clear()
    httpserver.expect_request(re.compile("/")).respond_with_response(response)
    (line,) = check(status=2)
    assert line.startswith("Cannot tell: ")
    assert words in line
    assert len(line) < 500


@pytest.mark.usefixtures("engine")
def test_it_does_not_wait_for_ever(capsys):
    spec = importlib.util.spec_from_file_location("check", CHECK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    late = unittest.mock.patch("urllib.request.urlopen", side_effect=TimeoutError("timed out"))
    with unittest.mock.patch("sys.argv", ["check.py"]), late as opened:
        assert module.main() == 2
        assert opened.call_args.kwargs["timeout"] == 60
        assert "timed out" in module.Engine(os.environ).refresh({"id": "1", "name": "host1"})
        assert opened.call_args.kwargs["timeout"] == 600
    assert "timed out" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_it_cannot_tell_without_a_clone(tmp_path):
    shutil.copy(CHECK, tmp_path)
    done = run(OLDEST, tmp_path / "check.py", status=2)
    assert re.fullmatch(r"Cannot tell: .*/50_extnet'\n", done.stderr)


def test_a_wrong_option_is_no_fault_of_the_site():
    assert check("--netwrok", "nowhere", status=2)[-1].startswith("check.py: error: ")
