"""The simulated vCenter's REST API is strict: sessions, rights, names, kinds, bodies."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from vspherecaller import Caller, calling

from aiovirt.protocols.vsphere.rest.session import basic
from aiovirt.testing.vsphere import Settings

pytestmark = pytest.mark.anyio

PASSWORD = "secret"
CIS = "/rest/com/vmware/cis"
CATEGORY, TAG, ASSOCIATION = (f"/tagging/{each}" for each in ("category", "tag", "tag-association"))
SPEC = {"name": "tier", "description": "", "cardinality": "SINGLE", "associable_types": []}
VM = {"object_id": {"type": "VirtualMachine", "id": "vm-21"}}


@dataclass
class Rest:
    """A caller in plain HTTP."""

    caller: Caller
    host: str = ""
    key: str = ""

    async def ask(self, verb: str, path: str, body: object = None) -> tuple[int, Any]:
        """The number, and the value or the last word of the error's type."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = {"vmware-api-session-id": self.key}
        answer = await self.caller.http(verb, CIS + path, text, headers)
        told = json.loads(answer.body) if answer.body else {}
        return answer.status, told.get("type", "").rpartition(".")[2] or told.get("value")

    async def log_in(self, user: str, password: str = PASSWORD) -> int:
        """Begin a session."""
        headers = {"Authorization": basic(user, password)}
        answer = await self.caller.http("POST", f"{CIS}/session", headers=headers)
        if answer.status == 200:
            self.key = json.loads(answer.body)["value"]
            assert answer.headers["set-cookie"].startswith(f"vmware-api-session-id={self.key};")
        return answer.status


@asynccontextmanager
async def resting(user: str = "root") -> AsyncGenerator[Rest, None]:
    async with calling(Settings(hosts=1)) as (fake, caller):
        host = next(fake.site.world.of_kind("HostSystem"))
        rest = Rest(caller, host.value)
        assert await rest.log_in(user) == 200
        yield rest


async def test_who_is_nobody_is_told_so() -> None:
    async with resting() as rest:
        assert await rest.log_in("root", "wrong") == 401
        assert await rest.ask("DELETE", "/session") == (200, None)
        assert await rest.ask("GET", TAG) == (401, "unauthenticated")
        rest.key = "none"
        assert await rest.ask("POST", TAG) == (401, "unauthenticated")


async def test_paths_verbs_and_bodies_that_are_none() -> None:
    async with resting() as rest:
        assert await rest.ask("GET", "/tagging/none") == (404, "operation_not_found")
        assert await rest.ask("GET", f"{TAG}?~action=none") == (404, "operation_not_found")
        assert await rest.ask("PUT", TAG) == (405, None)
        assert await rest.ask("POST", CATEGORY, {"spec": SPEC}) == (400, "unexpected_input")
        short = {"create_spec": {"name": "tier"}}
        assert await rest.ask("POST", CATEGORY, short) == (400, "unexpected_input")
        empty = {"create_spec": {**SPEC, "name": " "}}
        assert await rest.ask("POST", CATEGORY, empty) == (400, "invalid_argument")


async def test_names_are_unique_where_they_must_be() -> None:
    async with resting() as rest:
        _, tier = await rest.ask("POST", CATEGORY, {"create_spec": SPEC})
        assert await rest.ask("POST", CATEGORY, {"create_spec": SPEC}) == (400, "already_exists")
        spec = {"name": "gold", "description": "", "category_id": tier}
        status, gold = await rest.ask("POST", TAG, {"create_spec": spec})
        assert (status, gold.split(":")[:3]) == (200, ["urn", "vmomi", "InventoryServiceTag"])
        assert await rest.ask("POST", TAG, {"create_spec": spec}) == (400, "already_exists")
        spec["category_id"] = "none"
        assert await rest.ask("POST", TAG, {"create_spec": spec}) == (404, "not_found")
        action = "?~action=list-tags-for-category"
        assert await rest.ask("POST", f"{TAG}/id:{tier}{action}") == (200, [gold])
        assert await rest.ask("DELETE", f"{CATEGORY}/id:{tier}") == (200, None)
        assert await rest.ask("GET", f"{TAG}/id:{gold}") == (404, "not_found")
        assert await rest.ask("GET", TAG) == (200, [])


async def test_what_a_category_does_not_allow() -> None:
    async with resting() as rest:
        spec = {**SPEC, "associable_types": ["urn:vim25:VirtualMachine"]}
        _, tier = await rest.ask("POST", CATEGORY, {"create_spec": spec})
        tags = []
        for name in ("gold", "iron"):
            made = {"name": name, "description": "", "category_id": tier}
            tags.append((await rest.ask("POST", TAG, {"create_spec": made}))[1])
        first, second = (f"{ASSOCIATION}/id:{each}?~action=" for each in tags)
        assert await rest.ask("POST", f"{first}attach", VM) == (200, None)
        assert await rest.ask("POST", f"{first}attach", VM) == (200, None)
        assert await rest.ask("POST", f"{second}attach", VM) == (400, "invalid_argument")
        host = {"object_id": {"type": "HostSystem", "id": rest.host}}
        assert await rest.ask("POST", f"{first}attach", host) == (400, "invalid_argument")
        nobody = {"object_id": {"type": "VirtualMachine", "id": "vm-0"}}
        assert await rest.ask("POST", f"{first}attach", nobody) == (403, "unauthorized")
        assert await rest.ask("POST", f"{ASSOCIATION}?~action=list-attached-tags", VM) == (
            200,
            [tags[0]],
        )
        assert await rest.ask("POST", f"{first}detach", VM) == (200, None)
        assert await rest.ask("POST", f"{first}list-attached-objects") == (200, [])


async def test_who_may_only_look() -> None:
    async with resting("reader") as rest:
        assert await rest.ask("GET", CATEGORY) == (200, [])
        assert await rest.ask("POST", CATEGORY, {"create_spec": SPEC}) == (403, "unauthorized")


@pytest.mark.parametrize(
    "settings",
    [Settings(kind="esx"), Settings(api="6.0", hosts=1), Settings(hosts=1, missing=("session.*",))],
)
async def test_servers_without_the_api(settings: Settings) -> None:
    async with calling(settings) as (_, caller):
        assert await Rest(caller).log_in("root") == 404
