# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Engine's REST API, as far as engine.yml and check.py use it.

The shapes of its answers, and its refusals with their words and status, are those of a running
Engine 4.5.7, recorded as XML. Like Engine, it answers in JSON if that is asked for, in the form
that oVirt's VM Portal reads (ovirt-web-ui, src/ovirtapi).
"""

import base64
import json
import re
import uuid

from lxml import etree
from werkzeug import Response

ROOT = "/ovirt-engine"
API = f"{ROOT}/api"
USER, PASSWORD = "admin@internal", "secret"
DENIED = (
    f"Cannot authenticate user '{USER}': Unable to log in. Verify your login information or"
    " contact the system administrator."
)
FILTER = "vdsm-no-mac-spoofing"
PROPERTIES = (
    "[Cannot add VM network interface profile if some of the specified custom properties"
    " %s. The keys are: %s]"
)
UNKNOWN, ILLEGAL = "are not configured by the system", "have illegal values"
USED = (
    "[Cannot add VM network interface profile. The VM network interface profile's name is"
    " already used by an existing profile for the same network.\n-Please choose a different name.]"
)
NO_NIC = "[Cannot setup Networks. The host network interface (id null, name %s) does not exist.]"
PATHS = {  # the lists whose paths are not just the plural of what is in them
    "datacenters": "data_center",
    "networkattachments": "network_attachment",
    "networkfilters": "network_filter",
    "nics": "host_nic",
    "vnicprofiles": "vnic_profile",
}


class RefusalError(Exception):
    """An answer with the status of an error; without words, it is empty."""

    def __init__(self, status, words=""):
        """Keep both."""
        super().__init__(status, words)
        self.status, self.words = status, words


def plural(kind):
    """Return the name of an element with several of a kind in it."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def link(thing):
    """Return how other things refer to one."""
    return {key: thing[key] for key in ("href", "id")}


def in_list(kind, things):
    """Return the JSON of a list. Engine leaves out the key of an empty one."""
    return {kind: things} if things else {}


def to_xml(tag, value):
    """Return an Element for what Engine shows as this JSON."""
    element = etree.Element(tag)
    if isinstance(value, str):
        element.text = value
        return element
    for key, part in value.items():
        if key in {"id", "href"}:
            element.set(key, part)
        else:
            parts = part if isinstance(part, list) else [part]
            element.extend(to_xml(key, each) for each in parts)
    return element


def from_xml(element):
    """Return the JSON of an Element."""
    if not len(element) and not element.attrib:
        return element.text or ""
    value = dict(element.attrib)
    for child in element:
        if element.tag.endswith(plural(child.tag)):
            value.setdefault(child.tag, []).append(from_xml(child))
        else:
            value[child.tag] = from_xml(child)
    return value


class Engine:
    """An Engine that has a data center and a cluster, both called Default, and ovirtmgmt."""

    def __init__(self, server):
        """server: the HTTPServer that answers."""
        self.requests = []  # to the API, in order, for example "GET hosts"
        self.lists = {}  # {path: what Engine knows}
        self.real = {}  # {id of a host: (its NICs, its hooks)}, as a refresh finds them
        self.declared = {"4.8": {"extnet": "^(glitter|ovs_net)$"}}  # at Engine's last start
        self.starting = 0  # so many requests more find Engine not ready
        self.before = lambda: None  # is called before each answer
        self.filter = self.add("networkfilters", name=FILTER)
        self.add("events", description="any")  # Ansible's module for hosts asks for one.
        self.center = self.add_center("Default")
        self.add("clusters", name="Default", data_center=self.center)
        self.management = self.add_network("ovirtmgmt", self.center)
        server.expect_request(re.compile(ROOT)).respond_with_handler(self.answer)

    def add(self, path, **value):
        """Keep something in a list, with links to what it belongs to; return it."""
        parts = {"network", "data_center", "host", "host_nic", "network_filter", "cluster"}
        for key in parts.intersection(value):
            value[key] = link(value[key])
        identity = str(uuid.uuid4())
        value = {"href": f"{API}/{path}/{identity}", "id": identity, **value}
        self.lists.setdefault(path, []).append(value)
        return value

    def add_center(self, name, level="4.8"):
        """Add a data center of a compatibility version."""
        major, minor = level.split(".")
        return self.add("datacenters", name=name, version={"major": major, "minor": minor})

    def add_network(self, name, center):
        """Add a VM network to a data center."""
        usages = {"usage": ["vm"]}
        return self.add("networks", name=name, usages=usages, vdsm_name=name, data_center=center)

    def add_profile(self, name, network, **properties):
        """Add a vNIC profile with custom properties."""
        listed = [{"name": key, "value": value} for key, value in properties.items()]
        custom = {"custom_properties": {"custom_property": listed}} if listed else {}
        disabled = {"pass_through": {"mode": "disabled"}, "port_mirroring": "false"}
        return self.add("vnicprofiles", name=name, **custom, **disabled, network=network)

    def add_host(self, name, *networks, hooks=(), nics=("dummy_0",), status="up"):
        """Add a host. Engine has not asked yet for its NICs and hooks.

        networks: attached ones; hooks: [(hook point, file, SHA-256), ...].
        """
        host = self.add("hosts", name=name, status=status)
        for network in networks:
            self.add(f"hosts/{host['id']}/networkattachments", network=network, host=host)
        self.real[host["id"]] = nics, hooks
        return host

    def refresh(self, identity):
        """Ask a host for its NICs and hooks."""
        nics, hooks = self.real[identity]
        for nic in nics:
            if not self.find(f"hosts/{identity}/nics", "name", nic):
                self.add(f"hosts/{identity}/nics", name=nic)
        self.lists[f"hosts/{identity}/hooks"] = []
        for point, name, digest in hooks:
            self.add(f"hosts/{identity}/hooks", name=name, event_name=point, md5=digest)

    def find(self, path, key, value):
        """Return what a list has with this value, or None."""
        return next((each for each in self.lists.get(path, []) if each.get(key) == value), None)

    def answer(self, request):
        """Take a request; return a Response."""
        path = request.path.removeprefix(ROOT).strip("/")
        self.before()
        if self.starting:
            self.starting -= 1
            return Response("<html><body>Service Unavailable</body></html>", 503)
        if path == "services/health":
            return Response("DB Up!Welcome to Health Status!")
        if not path.startswith("api"):  # A client of oVirt's logs in, or out.
            right = request.form.get("password") == PASSWORD or "logout" in path
            token = {"access_token": "t"}
            denied = {"error_code": "access_denied", "error": DENIED}
            return Response(json.dumps(token if right else denied), mimetype="application/json")
        return self.answer_api(path.removeprefix("api").removeprefix("/"), request)

    def answer_api(self, path, request):
        """Take a request for the API itself; return a Response."""
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers["Authorization"] not in {"Bearer t", f"Basic {login}"}:
            page = f"<head><title>Error</title></head><body>access_denied: {DENIED}.</body>"
            return Response(f"<html>{page}</html>", 401, mimetype="text/html")
        self.requests.append(f"{request.method} {path}")
        try:
            status, tag, shown = getattr(self, request.method.lower())(path, request)
        except RefusalError as error:
            if not error.words:
                return Response("", error.status)
            status, tag = error.status, "fault"
            shown = {"detail": error.words, "reason": "Operation Failed"}
        if "json" in request.headers.get("Accept", ""):
            return Response(json.dumps(shown), status, mimetype="application/json")
        return Response(etree.tostring(to_xml(tag, shown)), status, mimetype="application/xml")

    def listed(self, path):
        """Return what a list shows: some are parts of others."""
        *_, above, identity, last = ["", "", *path.split("/")]
        if (above, last) == ("datacenters", "networks"):
            return [
                each for each in self.lists["networks"] if each["data_center"]["id"] == identity
            ]
        if (above, last) == ("nics", "networkattachments"):
            host = path.partition("/nics/")[0]
            found = self.lists.get(f"{host}/{last}", [])
            return [each for each in found if each.get("host_nic", {}).get("id") == identity]
        return self.lists.get(path, [])

    def followed(self, path, each, name):
        """Return the list of something that a request follows."""
        last = name.replace("_", "")
        path = f"{path}/{each['id']}/{last}"
        if last == "hooks" and path not in self.lists:
            raise RefusalError(500)  # VdsHooksParser.java fails on a host that was never asked.
        return in_list(PATHS.get(last, last[:-1]), self.lists.get(path, []))

    def get(self, path, request):
        """Show one thing, or a list."""
        above, _, last = path.rpartition("/")
        kind = PATHS.get(last, last[:-1])
        if not path:
            return 200, "api", {"product_info": {"version": {"major": "4", "minor": "5"}}}
        if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", last):
            found = [each for each in self.lists.get(above, []) if each["id"] == last]
            if not found:
                raise RefusalError(404)
            above = above.rpartition("/")[2]
            return 200, PATHS.get(above, above[:-1]), found[0]
        search = re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', request.args.get("search", ""))
        wanted = {key: quoted or bare for key, quoted, bare in search}
        center = self.find("datacenters", "name", wanted.pop("datacenter", None))
        if center:
            wanted["data_center"] = link(center)
        shown = [
            dict(each)
            for each in self.listed(path)
            if all(each.get(key) == value for key, value in wanted.items())
        ]
        for name in filter(None, request.args.get("follow", "").split(",")):
            for each in shown:
                each[name] = self.followed(path, each, name)
        return 200, plural(kind), in_list(kind, shown)

    def delete(self, path, _):
        """Remove something."""
        above, _, last = path.rpartition("/")
        self.lists[above].remove(self.find(above, "id", last))
        return 200, "action", {"status": "complete"}

    def post(self, path, request):
        """Add something, or do what the last part of the path says."""
        sent = request.get_data()
        is_json = request.mimetype == "application/json"
        sent = json.loads(sent) if is_json else from_xml(etree.fromstring(sent)) or {}
        above, _, last = path.rpartition("/")
        return getattr(self, f"post_{last}")(above, sent)

    def post_networks(self, above, sent):
        """Add a network to a data center, with a profile of its name; or assign it to a cluster.

        Of Engine it is AddNetworkCommand.java that adds the profile.
        """
        if above:
            value = self.find("networks", "id", sent["id"]) | {"required": sent["required"]}
            self.lists.setdefault(f"{above}/networks", []).append(value)
            return 201, "network", value
        center = self.find("datacenters", "name", sent["data_center"]["name"])
        network = self.add_network(sent["name"], center)
        self.add_profile(sent["name"], network)
        return 201, "network", network

    def post_vnicprofiles(self, above, sent):
        """Add a profile, or refuse that."""
        identity = above.rpartition("/")[2] or sent["network"]["id"]
        network = self.find("networks", "id", identity)
        if not network:
            raise RefusalError(400, f"[Logical Network (id '{identity}') doesn't exist.]")
        version = self.find("datacenters", "id", network["data_center"]["id"])["version"]
        declared = self.declared["{major}.{minor}".format_map(version)]
        listed = sent.get("custom_properties", {}).get("custom_property", [])
        properties = {each["name"]: each["value"] for each in listed}
        if properties and not declared:
            raise RefusalError(500, "[General command validation failure.]")
        unknown = [key for key in properties if key not in declared]
        known = [key for key in properties if key in declared]
        illegal = [key for key in known if not re.fullmatch(declared[key], properties[key])]
        for keys, words in (unknown, UNKNOWN), (illegal, ILLEGAL):
            if keys:
                raise RefusalError(400, PROPERTIES % (words, ", ".join(keys)))
        for each in self.lists["vnicprofiles"]:
            if (each["name"], each["network"]["id"]) == (sent["name"], identity):
                raise RefusalError(409, USED)
        profile = self.add_profile(sent["name"], network, **properties)
        if sent.get("network_filter", self.filter):
            profile["network_filter"] = link(self.filter)
        return 201, "vnic_profile", profile

    def post_refresh(self, above, sent):
        """Ask a host for its NICs and hooks."""
        identity = above.rpartition("/")[2]
        if identity not in self.real:
            raise RefusalError(400, "[Network error during communication with the Host.]")
        self.refresh(identity)
        return 200, "action", sent | {"status": "complete"}

    def post_setupnetworks(self, above, sent):
        """Attach networks to NICs."""
        for each in sent["modified_network_attachments"]["network_attachment"]:
            name = each["host_nic"]["name"]
            nic = self.find(f"{above}/nics", "name", name)
            if not nic:
                raise RefusalError(400, NO_NIC % name)
            network = self.find("networks", "name", each["network"]["name"])
            attachments = f"{above}/networkattachments"
            host = self.find("hosts", "id", above.rpartition("/")[2])
            self.add(attachments, **{**each, "network": network, "host": host, "host_nic": nic})
        return 200, "action", sent | {"status": "complete"}
