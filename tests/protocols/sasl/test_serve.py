"""What a server offers on which line."""

from __future__ import annotations

import pytest

from aiovirt.errors import AuthenticationFailed
from aiovirt.protocols.sasl import SERVED, Verifier, serve, served


def nobody(_mechanism: str, _user: str) -> Verifier | None:
    return None


def test_nothing_is_offered_over_an_open_line() -> None:
    assert served(encrypted=False, local=False, external=True) == ()


def test_the_strongest_is_offered_first() -> None:
    offered = served(encrypted=True, local=False, external=True)
    assert offered == ("EXTERNAL", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")


@pytest.mark.parametrize("name", SERVED)
def test_each_that_is_offered_is_served(name: str) -> None:
    theirs = serve(name, nobody, offered=list(SERVED))
    assert theirs.name == name
    assert theirs.step(None) == b""


def test_external_is_served_to_who_is_known() -> None:
    theirs = serve("EXTERNAL", nobody, offered=["EXTERNAL"], external="CN=tim")
    theirs.step(b"")
    assert theirs.user == "CN=tim"


@pytest.mark.parametrize("name", ["PLAIN", "EXTERNAL"])
def test_what_was_not_offered_is_refused(name: str) -> None:
    with pytest.raises(AuthenticationFailed, match="was not offered"):
        serve(name, nobody, offered=["SCRAM-SHA-256"])
