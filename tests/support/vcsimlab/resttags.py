"""What tags a simulated vCenter really has, as a client that is not ours sees them: plain HTTPS.

It knows nothing of aiovirt.  Every call blocks for some milliseconds.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vcsimlab.simulator import Simulator

__all__ = ["RestTags", "rest_tags"]

CIS = "/rest/com/vmware/cis"


class RestTags:
    """A session of the REST API."""

    def __init__(self, simulator: Simulator) -> None:
        self._base = f"https://127.0.0.1:{simulator.port}{CIS}"
        # Proxies of the environment are not meant for this machine.
        context = ssl.create_default_context(cafile=str(simulator.ca))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        self._headers: dict[str, str] = {}
        word = base64.b64encode(f"{simulator.user}:{simulator.password}".encode()).decode()
        key = self.ask("POST", "/session", headers={"Authorization": f"Basic {word}"})
        self._headers = {"vmware-api-session-id": key}

    def ask(
        self, verb: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:  # noqa: ANN401  what it is depends on the path
        """Make one request; the value of its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  https only
            self._base + path, data, self._headers | (headers or {}), method=verb
        )
        with self._opener.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text).get("value") if text else None

    def categories(self) -> dict[str, dict[str, Any]]:
        """Return all categories, by name."""
        ids = self.ask("GET", "/tagging/category") or []
        found = [self.ask("GET", f"/tagging/category/id:{each}") for each in ids]
        return {each["name"]: each for each in found}

    def tags(self) -> dict[str, dict[str, Any]]:
        """Return all tags, by name."""
        ids = self.ask("GET", "/tagging/tag") or []
        found = [self.ask("GET", f"/tagging/tag/id:{each}") for each in ids]
        return {each["name"]: each for each in found}

    def objects(self, tag: str) -> set[str]:
        """Return the references of what has a tag: ``VirtualMachine:vm-12``."""
        path = f"/tagging/tag-association/id:{self.tags()[tag]['id']}?~action=list-attached-objects"
        found = self.ask("POST", path, {}) or []
        return {f"{each['type']}:{each['id']}" for each in found}

    def make(self, tag: str, category: str) -> None:
        """Make a tag in a category, which is made if it is not there."""
        known = self.categories().get(category)
        if known is None:
            spec = {"name": category, "description": "", "cardinality": "MULTIPLE"}
            self.ask("POST", "/tagging/category", {"create_spec": spec | {"associable_types": []}})
            known = self.categories()[category]
        spec = {"name": tag, "description": "of others", "category_id": known["id"]}
        self.ask("POST", "/tagging/tag", {"create_spec": spec})

    def attach(self, tag: str, kind: str, moid: str) -> None:
        """Attach a tag to an object."""
        path = f"/tagging/tag-association/id:{self.tags()[tag]['id']}?~action=attach"
        self.ask("POST", path, {"object_id": {"type": kind, "id": moid}})


@contextmanager
def rest_tags(simulator: Simulator) -> Iterator[RestTags]:
    """Have a session of the REST API for the length of the scope."""
    session = RestTags(simulator)
    try:
        yield session
    finally:
        session.ask("DELETE", "/session")
