# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of Engine's REST API as making a vNIC profile takes, on 127.0.0.1.

It knows one data center, Default, with one network, extnet, keeps the profiles it is given, and
says no to everything else. Paths and elements are those of Engine's API documentation, version 4;
the profiles are read and written by oVirt's own SDK.
"""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ovirtsdk4 import types
from ovirtsdk4.reader import Reader
from ovirtsdk4.writer import Writer

CENTER, NETWORK = "5e1d", "00000000-0000-0000-0000-000000000009"
API = "/ovirt-engine/api"
NETWORKS = f'<networks><network id="{NETWORK}"><name>extnet</name></network></networks>'
CENTERS = f'<data_center id="{CENTER}"><name>Default</name></data_center>'
FIXED = {
    API: "<api/>",
    f"{API}/networks": NETWORKS,
    f"{API}/datacenters": f"<data_centers>{CENTERS}</data_centers>",
    f"{API}/datacenters/{CENTER}/networks": NETWORKS,
    f"{API}/networkfilters": "<network_filters/>",
}


class Requests(BaseHTTPRequestHandler):
    """Answers one connection; what it is asked to keep is the server's."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer with what there is."""
        path = urlsplit(self.path).path
        profiles = self.server.profiles
        if path in FIXED:
            self.answer(200, FIXED[path])
        elif path == f"{API}/vnicprofiles":
            self.answer(200, Writer.write(list(profiles.values()), root="vnic_profiles"))
        elif path.rpartition("/")[2] in profiles:
            self.answer(200, Writer.write(profiles[path.rpartition("/")[2]]))
        else:
            self.answer(404, "<fault><reason>no such thing</reason></fault>")

    def do_POST(self):
        """Log in or out, or keep a new profile of a network."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        path = urlsplit(self.path).path
        if path.startswith(("/ovirt-engine/sso/oauth/token", "/ovirt-engine/services/sso-logout")):
            self.answer(200, json.dumps({"access_token": "token"}), "application/json")
        elif path in (f"{API}/vnicprofiles", f"{API}/networks/{NETWORK}/vnicprofiles"):
            profile = Reader.read(body)
            self.server.sent.append(body)
            profile.id = f"profile-{len(self.server.profiles)}"
            profile.network = types.Network(id=NETWORK)
            profile.pass_through = types.VnicPassThrough(mode=types.VnicPassThroughMode.DISABLED)
            self.server.profiles[profile.id] = profile
            self.answer(201, Writer.write(profile))
        else:
            self.answer(404, "<fault><reason>no such collection</reason></fault>")

    def answer(self, status, text, kind="application/xml"):
        """Send an answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@contextlib.contextmanager
def engine():
    """Serve the API while it is used: a server with `profiles`, by id, as they were `sent`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
        server.profiles, server.sent = {}, []
        server.url = f"http://127.0.0.1:{server.server_port}{API}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
