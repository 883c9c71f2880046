"""What rules give and take, of whom and on what."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from aiovirt.daemon.access.grants import Grants
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.policyfile import parse_policy
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NetworkKey, StorageVolumeKey

ROOT = Identity("unix", "unix", uid=0, user="root")
ALICE = Identity("unix", "unix", uid=1000, user="alice", groups=frozenset({"ops"}))
BOB = Identity("tls", "192.0.2.1:4000", sasl_user="bob", x509_name="CN=bob,O=Example")

WEB = DomainKey(UUID(int=1), "web-1")
DB = DomainKey(UUID(int=2), "db-1")


def may(
    text: str, identity: Identity, permission: str = "domain:start", subject: object = WEB
) -> bool:
    return Grants(identity, parse_policy(text)).allows(permission, subject)


def rule(who: str, rest: str = 'allow = ["domain:start"]') -> str:
    return f'[[rule]]\nwho = ["{who}"]\n{rest}\n'


def test_without_rules_local_clients_may_and_remote_ones_may_not() -> None:
    assert may("", ALICE)
    assert not may("", BOB)


def test_the_defaults_can_be_turned_round() -> None:
    text = '[defaults]\nlocal = "deny"\nremote = "allow"'
    assert not may(text, ALICE)
    assert may(text, BOB)


@pytest.mark.parametrize(
    "who",
    ["sasl:bob", "sasl:b*", "x509:CN=bob,O=Example", "x509:CN=b*,O=*", "remote", "anyone"],
)
def test_a_remote_client_is_meant(who: str) -> None:
    assert may(rule(who), BOB)


@pytest.mark.parametrize(
    "who", ["user:bob", "group:bob", "sasl:bo", "x509:CN=bob", "local", "unauthenticated", "uid:0"]
)
def test_a_remote_client_is_not_meant(who: str) -> None:
    assert not may(rule(who), BOB)


@pytest.mark.parametrize("who", ["user:alice", "group:ops", "uid:1000", "local", "anyone"])
def test_a_local_client_is_meant(who: str) -> None:
    assert not may(rule(who, 'deny = ["domain:start"]'), ALICE)


def test_who_has_proved_nothing_can_be_named() -> None:
    stranger = Identity("tcp", "192.0.2.1:4000")
    assert may(rule("unauthenticated"), stranger)
    assert not may(rule("unauthenticated"), BOB)


def test_what_takes_wins_in_whatever_order() -> None:
    give, take = rule("sasl:bob", 'allow = ["*"]'), rule("remote", 'deny = ["domain:start"]')
    for text in (give + take, take + give):
        assert not may(text, BOB)
        assert may(text, BOB, "domain:stop")


def test_rules_are_about_names_and_uuids() -> None:
    text = rule("sasl:bob", f'allow = ["domain:*"]\non = {{ domain = ["web-*", "{DB.uuid}"] }}')
    assert may(text, BOB, subject=WEB)
    assert may(text, BOB, subject=DB)
    assert not may(text, BOB, subject=DomainKey(UUID(int=3), "mail"))


def test_a_name_that_looks_like_a_uuid_is_not_that_uuid() -> None:
    text = rule("sasl:bob", f'allow = ["domain:*"]\non = {{ domain = ["{DB.uuid}"] }}')
    assert not may(text, BOB, subject=DomainKey(UUID(int=9), str(DB.uuid)))


def test_a_rule_on_objects_says_nothing_of_other_kinds() -> None:
    text = rule("sasl:bob", 'allow = ["*:read"]\non = { domain = ["*"] }')
    assert may(text, BOB, "domain:read", WEB)
    assert not may(text, BOB, "network:read", NetworkKey(UUID(int=1), "lan"))
    assert not may(text, BOB, "connect:read", None)


def test_a_volume_is_named_with_its_pool() -> None:
    text = rule("sasl:bob", 'allow = ["storage_vol:*"]\non = { storage_vol = ["lab/*"] }')
    assert may(text, BOB, "storage_vol:read", StorageVolumeKey("lab", "a", "/lab/a"))
    assert not may(text, BOB, "storage_vol:read", StorageVolumeKey("prod", "lab/a", "/x"))


def test_an_object_that_is_not_known_is_not_given_and_is_taken() -> None:
    give = rule("sasl:bob", 'allow = ["domain:write"]\non = { domain = ["web-*"] }')
    take = rule("sasl:bob", 'allow = ["*"]') + rule(
        "sasl:bob", 'deny = ["domain:write"]\non = { domain = ["prod-*"] }'
    )
    assert not may(give, BOB, "domain:write", None)
    assert not may(take, BOB, "domain:write", None)


def test_nothing_is_taken_from_root_but_writing_read_only() -> None:
    text = rule("anyone", 'deny = ["*"]')
    assert may(text, ROOT)
    assert not may("", replace(ROOT, readonly=True))
    assert may("", replace(ROOT, readonly=True), "domain:read")


def test_root_of_another_machine_is_not_root() -> None:
    assert not may("", Identity("tcp", "192.0.2.1:4000", uid=0, user="root"))


def test_a_rule_does_not_let_readers_write() -> None:
    reader = replace(ALICE, readonly=True)
    assert not may(rule("user:alice", 'allow = ["*"]'), reader)
    assert may(rule("user:alice", 'allow = ["*"]'), reader, "domain:read")


def test_rules_can_keep_readers_from_reading() -> None:
    reader = replace(ALICE, readonly=True)
    assert not may(rule("local", 'deny = ["*"]'), reader, "domain:read")


def test_who_may_do_all_is_known_at_once() -> None:
    assert Grants(ALICE, parse_policy("")).everything
    assert not Grants(ALICE, parse_policy(rule("user:alice"))).everything
    assert not Grants(replace(ALICE, readonly=True), parse_policy("")).everything
    assert not Grants(ALICE, parse_policy(""), ask=True).everything
    assert Grants(ROOT, parse_policy(rule("anyone")), ask=True).everything


def test_who_may_do_nothing_is_known_at_once() -> None:
    assert not Grants(BOB, parse_policy(rule("sasl:tom"))).anything
    assert Grants(BOB, parse_policy(rule("sasl:bob"))).anything


def test_it_matters_on_what_only_where_a_rule_says_so() -> None:
    grants = Grants(BOB, parse_policy(rule("sasl:bob", 'allow = ["*"]\non = { domain = ["a"] }')))
    assert grants.looks_at("domain:start")
    assert not grants.looks_at("network:start")


def test_answers_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiovirt.daemon.access.grants.MAX_KNOWN", 4)
    grants = Grants(BOB, parse_policy(rule("sasl:bob", 'allow = ["*"]\non = { domain = ["a"] }')))
    for number in range(9):
        grants.allows("domain:start", DomainKey(UUID(int=number), "a"))
    assert len(grants._known) <= 4
