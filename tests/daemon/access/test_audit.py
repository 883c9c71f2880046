"""One line a change, which nobody can forge."""

from __future__ import annotations

import json
import logging
from uuid import UUID

import pytest

from aiovirt.daemon.access.audit import AUDIT_LOGGER, Audit
from aiovirt.daemon.access.identity import Identity
from aiovirt.model.domain import DomainKey

ALICE = Identity("unix", "unix", uid=1000, pid=4711, user="alice")
KEY = DomainKey(UUID(int=1), "web1")


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, AUDIT_LOGGER)


def test_a_line_says_who_what_on_what_and_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    Audit().record(ALICE, "DOMAIN_CREATE", KEY, "success", duration_s=0.0125)
    (line,) = caplog.messages
    assert line == (
        "user=alice from=unix transport=unix uid=1000 pid=4711 operation=DOMAIN_CREATE"
        f" object=domain name=web1 uuid={UUID(int=1)} outcome=success duration_ms=12.5"
    )


def test_json_holds_the_same(caplog: pytest.LogCaptureFixture) -> None:
    Audit("json").record(ALICE, "DOMAIN_CREATE", KEY, "denied", "no rule")
    record = json.loads(caplog.messages[0])
    assert record["user"] == "alice"
    assert record["error"] == "no rule"
    assert record["name"] == "web1"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_client_sends_ends_no_line(form: str, caplog: pytest.LogCaptureFixture) -> None:
    evil = DomainKey(UUID(int=1), 'x" outcome=success\nuser=root \x1b[2J\u2028')
    Audit("json" if form == "json" else "text").record(ALICE, "X", evil, "failure", "a\nb")
    (line,) = caplog.messages
    assert line.isprintable()
    assert line.isascii()


def test_long_values_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    Audit().record(ALICE, "X", None, "failure", "e" * 100_000)
    assert len(caplog.messages[0]) < 1000
    assert len(caplog.records[0].__dict__["audit"]["error"]) < 1000


def test_it_can_be_off(caplog: pytest.LogCaptureFixture) -> None:
    Audit(enabled=False).record(ALICE, "X", None, "success")
    assert not caplog.messages
