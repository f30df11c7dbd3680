# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for Engine's REST API, behind TLS, with the address and the login that README sets."""

import re
import shutil
import ssl

import pytest
import readme
from commands import needs, run
from rest_api import API, PASSWORD, Engine


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return the folder that has cert.pem, which is its own authority, and key.pem."""
    needs("openssl")
    folder = tmp_path_factory.mktemp("certificate")
    kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split()
    name = "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"
    run("openssl", "req", *kind, *name, "-keyout", "key.pem", "-out", "cert.pem", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def httpserver_ssl_context(certificate):
    """Return what makes pytest-httpserver speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


@pytest.fixture
def engine(httpserver, certificate, tmp_path, monkeypatch):
    """Return a stand-in for Engine; set the variables as README does, but for its address."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(certificate / "cert.pem", "ca.pem")
    login = readme.block("shell", "OVIRT_CAFILE=").text
    values = run("bash", "-euc", f"exec <<<{PASSWORD}\n{login}\nenv").stdout
    for name, value in re.findall("^(OVIRT_[A-Z]+)=(.*)$", values, re.M):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OVIRT_URL", httpserver.url_for(API))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "localhost")
    return Engine(httpserver)
