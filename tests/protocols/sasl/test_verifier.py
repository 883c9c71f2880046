"""What a server keeps of a password."""

from __future__ import annotations

import pytest

from aiovirt.errors import ConfigError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl.verifier import Verifier


def test_it_knows_its_password() -> None:
    made = Verifier.make(Secret("pencil"), "SCRAM-SHA-1", iterations=5000)
    assert made.iterations == 5000
    assert made.matches(Secret("pencil"))
    assert not made.matches(Secret("pencils"))
    assert not made.matches(Secret("\a"))


def test_each_has_a_salt_of_its_own() -> None:
    assert Verifier.make(Secret("x")).salt != Verifier.make(Secret("x")).salt


def test_it_shows_no_key() -> None:
    assert "key" not in repr(Verifier.make(Secret("x")))


def test_a_password_must_be_printable() -> None:
    with pytest.raises(ConfigError, match="control characters") as caught:
        Verifier.make(Secret("\a"))
    assert caught.value.__context__ is None
