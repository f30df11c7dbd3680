# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask Engine which hosts and vNIC profiles are not as extnet needs them. This changes nothing.

There is a line for each fault, which says what to do, or one line that says that there is none.
Engine's address and your login are in the environment, as for engine.yml: OVIRT_URL,
OVIRT_USERNAME, OVIRT_PASSWORD, OVIRT_CAFILE.
Exit status: 0 without a fault; 1 with faults; 2 if this program cannot tell, and it says why.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

HOOK = Path(__file__).resolve().parents[2] / "50_extnet"
POINTS = ["before_device_create", "before_nic_hotplug", "before_update_device"]
HINTS = {401: "check OVIRT_USERNAME and OVIRT_PASSWORD", 404: "check OVIRT_URL"}
AGAIN = "then run this check with --refresh"


class CannotTellError(Exception):
    """Why this program cannot tell whether there are faults."""


class Engine:
    """Engine's REST API."""

    def __init__(self, environ):
        """Take address and login from a dict; raise CannotTellError if they cannot be used."""
        for name in "OVIRT_URL", "OVIRT_USERNAME", "OVIRT_PASSWORD":
            if not environ.get(name):
                raise CannotTellError(f"{name} is not set: see More hosts in README.md")
        self.url = environ["OVIRT_URL"].rstrip("/")
        if not self.url.startswith("https://"):
            raise CannotTellError(f"OVIRT_URL does not begin with https://: {self.url}")
        login = os.fsencode(environ["OVIRT_USERNAME"] + ":" + environ["OVIRT_PASSWORD"])
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(login).decode(),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        authorities = environ.get("OVIRT_CAFILE")  # without one, those that this machine trusts
        try:
            self.tls = ssl.create_default_context(cafile=authorities)
        except OSError as error:
            raise CannotTellError(f"OVIRT_CAFILE is {authorities}: {error}") from error

    def ask(self, path, data=None, timeout=60):
        """Return the answer to a GET, or to a POST of data; raise CannotTellError without one."""
        try:
            request = urllib.request.Request(f"{self.url}/{path}", data, self.headers)  # noqa: S310 (it is https)
            try:
                answer = urllib.request.urlopen(request, timeout=timeout, context=self.tls)  # noqa: S310
            except urllib.error.HTTPError as error:
                answer = error  # which can be read in the same way
            with answer:
                status, text = answer.code, answer.read().decode("utf-8", "replace")
            if status == 200:
                return json.loads(text)
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            why = f"Engine's API does not answer at {self.url}: {error}"
            raise CannotTellError(f"{why}: check OVIRT_URL and OVIRT_CAFILE") from error
        words = " ".join(re.sub("<[^>]*>", " ", text).split())[:300]
        hint = HINTS.get(status, "see engine.log on the Engine machine")
        raise CannotTellError(f"Engine answers {path} with HTTP {status}: {words}: {hint}")

    def refresh(self, host):
        """Have Engine ask a host for its hooks, and wait; return why that failed, or None."""
        try:
            self.ask(f"hosts/{host['id']}/refresh", b"{}", timeout=600)
        except CannotTellError as error:
            return f"Host '{host['name']}' was not asked for its hooks: {error}"
        return None


def profile_fault(profile, network, center, leads_nowhere):
    """Return what is wrong with a vNIC profile, or None.

    profile: as Engine lists it; network, center: the names of its oVirt network and data center;
    leads_nowhere: whether extnet belongs on that network.
    """
    properties = profile.get("custom_properties", {}).get("custom_property", [])
    has_extnet = "extnet" in [each["name"] for each in properties]
    what = f"vNIC profile '{profile['name']}' of network '{network}' in data center '{center}'"
    if has_extnet and not leads_nowhere:
        why = f"has extnet, so a live change that fails connects the VM to '{network}'"
        return f"{what} {why}: use a profile of a network that leads nowhere (README, step 5)"
    if leads_nowhere and not has_extnet:
        return f"{what} does not have extnet, and an imported VM may get it: remove it"
    return None


def hook_fault(hooks, digest):
    """Return what is wrong with a host's hooks, or None.

    hooks: as Engine lists them; digest: the SHA-256 of this clone's hook, which Engine calls md5.
    """
    found = {hook["event_name"]: hook["md5"] for hook in hooks if hook["name"] == HOOK.name}
    digests = {found[point] for point in POINTS if point in found}
    missing = [point for point in POINTS if point not in found]
    if not digests:
        return "does not have the hook"
    if digest not in digests and missing == ["before_update_device"]:
        return "has oVirt's own extnet hook in place of this one"
    if digests != {digest}:
        return "has another release of the hook than this clone"
    return f"does not have the hook in {', '.join(missing)}" if missing else None


def look(engine, names, refresh):
    """Return a site's faults, and a line that says what was looked at.

    names: of the oVirt networks that lead nowhere; refresh: whether to ask the hosts first.
    """
    digest = hashlib.sha256(HOOK.read_bytes()).hexdigest()
    centers = {each["id"]: each["name"] for each in engine.ask("datacenters")["data_center"]}
    networks = {each["id"]: each for each in engine.ask("networks")["network"]}
    profiles = engine.ask("vnicprofiles").get("vnic_profile", [])
    hosts = engine.ask("hosts?follow=network_attachments").get("host", [])

    nowhere = {key for key, network in networks.items() if network["name"] in names}
    found = [networks[key]["name"] for key in nowhere]
    faults = [
        f"No network is called '{name}': create it (README, step 5), or name yours with --network"
        for name in names
        if name not in found
    ]
    for profile in profiles:
        network = networks[profile["network"]["id"]]
        center = centers[network["data_center"]["id"]]
        faults.append(profile_fault(profile, network["name"], center, network["id"] in nowhere))

    attached = []
    for host in hosts:
        attachments = host["network_attachments"].get("network_attachment", [])
        if nowhere.intersection(each["network"]["id"] for each in attachments):
            attached.append(host)
    if refresh:
        up = [host for host in attached if host["status"] == "up"]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            faults += pool.map(engine.refresh, up)
    # Of hosts that are up: Engine fails on one that never was (source: VdsHooksParser.java).
    known = engine.ask("hosts?search=status%3Dup&follow=hooks").get("host", [])
    hooks = {host["id"]: host["hooks"].get("hook", []) for host in known}
    for host in attached:
        if host["id"] in hooks:
            why, what = hook_fault(hooks[host["id"]], digest), "install the hook of this clone"
        else:
            why = f"is not up but {host['status']}, so what Engine knows of its hooks is old"
            what = "activate or repair it"
        faults.append(why and f"Host '{host['name']}' {why}: {what}, {AGAIN}")

    looked = f"Data centers: {len(centers)}; vNIC profiles: {len(profiles)}"
    looked = f"{looked}; hosts with the network: {len(attached)} of {len(hosts)}"
    return [fault for fault in faults if fault], f"No fault. {looked}"


def say(line, stream):
    """Print a line. Names are Engine's users', so whatever could leave the line is escaped."""
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    print(line.encode(stream.encoding, "backslashreplace").decode(stream.encoding), file=stream)


def main():
    """Do what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    name = "the oVirt network that leads nowhere, if yours has another name; may be repeated"
    add("--network", action="append", metavar="NAME", help=name)
    add("--refresh", action="store_true", help="have Engine ask the hosts for their hooks first")
    options = parser.parse_args()
    try:
        # In the locale of cron, Python 3.6 does not read an argument as UTF-8.
        names = [os.fsencode(each).decode() for each in options.network or ["nowhere"]]
        faults, looked = look(Engine(os.environ), names, options.refresh)
    except (CannotTellError, OSError) as error:
        say(f"Cannot tell: {error}", sys.stderr)
        return 2
    except (AttributeError, KeyError, TypeError) as error:
        say(f"Cannot tell: Engine's answer is not as expected: {error!r}", sys.stderr)
        return 2
    for line in faults or [looked]:
        say(line, sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
