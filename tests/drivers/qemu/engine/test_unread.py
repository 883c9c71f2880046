"""Configurations that are still text."""

from __future__ import annotations

import pickle

from aiovirt.config import DomainConfig, Graphics
from aiovirt.drivers.qemu.engine.unread import UnreadConfig

TEXT = DomainConfig(name="web1", memory="1MiB").to_xml(secure=True)


def test_text_is_given_as_it_came() -> None:
    assert UnreadConfig.of(TEXT).to_xml(secure=True) is TEXT


def test_a_field_is_read_from_it() -> None:
    assert UnreadConfig.of(TEXT).name == "web1"


def test_it_may_be_changed() -> None:
    config = UnreadConfig.of(TEXT)
    config.name = "web2"
    assert "<name>web2</name>" in config.to_xml(secure=True)


def test_it_equals_what_it_stands_for() -> None:
    assert UnreadConfig.of(TEXT) == DomainConfig.parse(TEXT)
    assert DomainConfig.parse(TEXT) == UnreadConfig.of(TEXT)


def test_secrets_are_left_out() -> None:
    secret = DomainConfig(name="a", memory="1MiB", graphics=[Graphics(type="vnc", passwd="x!7")])
    config = UnreadConfig.of(secret.to_xml(secure=True))
    assert "x!7" not in config.to_xml()


def test_it_is_pickled_as_a_configuration() -> None:
    assert pickle.loads(pickle.dumps(UnreadConfig.of(TEXT))) == DomainConfig.parse(TEXT)  # noqa: S301


def test_a_copy_is_another() -> None:
    config = UnreadConfig.of(TEXT)
    config.copy().name = "other"
    assert config.name == "web1"
