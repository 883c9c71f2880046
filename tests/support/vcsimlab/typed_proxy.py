"""Stands before the simulator and adds to its answers what libvirt's esx driver needs.

A real ESX and a real vCenter give the type of each element of an array (`xsi:type`), and tell by
which path a host has mounted a datastore; the simulator does neither.  All else passes as it is.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from lxml import etree
from ports import HOST

from vcsimlab.session import connected, vim
from vcsimlab.simulator import Simulator

__all__ = ["typed", "typed_proxy"]

VIM = "urn:vim25"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TYPE = f"{{{XSI}}}type"
HOP_BY_HOP = frozenset({"connection", "content-length", "expect", "host", "transfer-encoding"})
"""Headers that each side of the proxy has of its own."""
LIMIT_S = 60

Mounts = Mapping[str, str]
"""Of each datastore its reference and its name."""


def typed(document: bytes, hosts: tuple[str, ...], mounts: Mounts) -> bytes:
    """Return an answer with the types and the mounts that a real one would have.

    Args:
        document: The answer to a SOAP call.
        hosts: References of the hosts that have mounted each datastore.
        mounts: The datastores.
    """
    root = etree.fromstring(document)
    for element in root.iter(f"{{{VIM}}}*"):
        if element.get(TYPE, "").startswith("ArrayOf"):
            _type_elements(element)
    for tag in ("returnval", "objects"):
        for found in root.iter(f"{{{VIM}}}{tag}"):
            _add_mounts(found, hosts, mounts)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _type_elements(array: etree._Element) -> None:
    """Name the type of each element: its tag is that, and in lower case where XML Schema has it."""
    for element in array:
        if element.get(TYPE) is None:
            name = etree.QName(element).localname
            element.set(TYPE, f"xsd:{name}" if name[0].islower() else name)


def _add_mounts(found: etree._Element, hosts: tuple[str, ...], mounts: Mounts) -> None:
    """Fill in the hosts of a datastore where they were asked for."""
    target = found.find(f"{{{VIM}}}obj")
    if target is None or target.get("type") != "Datastore":
        return
    path = f"/vmfs/volumes/{mounts[target.text or '']}"
    for value in found.iterfind(f"{{{VIM}}}propSet[{{{VIM}}}name='host']/{{{VIM}}}val"):
        for element in list(value):
            value.remove(element)
        value.extend(_mount(host, path) for host in hosts)


def _mount(host: str, path: str) -> etree._Element:
    """What a real host tells of how it has mounted a datastore."""
    mount = etree.Element(f"{{{VIM}}}DatastoreHostMount", {TYPE: "DatastoreHostMount"})
    etree.SubElement(mount, f"{{{VIM}}}key", {"type": "HostSystem"}).text = host
    info = etree.SubElement(mount, f"{{{VIM}}}mountInfo")
    told = {"path": path, "accessMode": "readWrite", "mounted": "true", "accessible": "true"}
    for name, value in told.items():
        etree.SubElement(info, f"{{{VIM}}}{name}").text = value
    return mount


class _Server(ThreadingHTTPServer):
    """Listens with the simulator's certificate, and knows what its handlers need."""

    daemon_threads = False  # the end waits for the last answer

    def __init__(self, simulator: Simulator) -> None:
        super().__init__((HOST, 0), _Handler)
        self.target = simulator.port
        self.trusted = ssl.create_default_context(cafile=str(simulator.ca))
        identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        identity.load_cert_chain(simulator.identity.certificate, simulator.identity.key)
        self.socket = identity.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        with connected(simulator) as session:
            self.hosts = tuple(host._GetMoId() for host in session.facts(vim.HostSystem, ["name"]))
            stores = session.facts(vim.Datastore, ["name"])
            self.mounts = {store._GetMoId(): facts["name"] for store, facts in stores.items()}


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client: each request goes on, each answer comes back amended."""

    protocol_version = "HTTP/1.1"
    timeout = LIMIT_S
    wbufsize = -1  # an answer goes out as one, or its end would wait for an acknowledgement
    disable_nagle_algorithm = True

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        kept = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
        upstream: HTTPConnection = HTTPSConnection(
            HOST, self._lab.target, context=self._lab.trusted, timeout=LIMIT_S
        )
        try:
            upstream.request(self.command, self.path, body, kept)
            self._answer(upstream.getresponse())
        finally:
            upstream.close()

    def _answer(self, answer: HTTPResponse) -> None:
        body = answer.read()
        if self.path == "/sdk" and body:
            body = typed(body, self._lab.hosts, self._lab.mounts)
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        told = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", told or str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def _lab(self) -> _Server:
        return cast("_Server", self.server)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of each request."""


for _verb in ("DELETE", "GET", "HEAD", "POST", "PUT"):
    setattr(_Handler, f"do_{_verb}", _Handler._pass)


@contextmanager
def typed_proxy(simulator: Simulator) -> Iterator[int]:
    """Run the proxy for the length of the scope, and give its port on 127.0.0.1.

    Clients must be gone at the end: it waits for their connections to close.
    """
    with _Server(simulator) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(LIMIT_S)
