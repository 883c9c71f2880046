"""Which mechanism is taken, and what is said when none fits."""

from __future__ import annotations

import pytest

from aiovirt.errors import AuthenticationFailed
from aiovirt.protocols.sasl import choose, gssapi, library


@pytest.fixture(autouse=True)
def _no_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nonexistent")


def test_the_strongest_is_taken() -> None:
    offered = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"]
    assert choose(offered, encrypted=True, local=False).name == "SCRAM-SHA-256"


def test_names_are_compared_in_any_case() -> None:
    offered = [" plain", "scram-sha-1", ""]
    assert choose(offered, wanted="Plain", encrypted=False, local=True).name == "PLAIN"


@pytest.mark.parametrize("name", ["PLAIN", "SCRAM-SHA-256", "ANONYMOUS", "EXTERNAL"])
def test_an_open_line_wants_a_mechanism_that_encrypts(name: str) -> None:
    with pytest.raises(AuthenticationFailed, match=f"{name} does not encrypt") as caught:
        choose([name], encrypted=False, local=False)
    assert "+tls" in str(caught.value.hint)


def test_what_is_not_offered_cannot_be_wanted() -> None:
    with pytest.raises(AuthenticationFailed, match=r"does not offer .* gssapi: it offers PLAIN"):
        choose(["PLAIN"], wanted="gssapi", encrypted=True, local=False)


def test_all_that_was_offered_is_named_with_its_reason() -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        choose(["DIGEST-MD5", "GSSAPI"], encrypted=True, local=False)
    assert "offers the SASL mechanisms DIGEST-MD5, GSSAPI" in str(caught.value)
    assert "DIGEST-MD5 is none that aiovirt has" in str(caught.value)
    assert "GSSAPI " in str(caught.value).partition("none fits")[2]


def test_nothing_offered() -> None:
    with pytest.raises(AuthenticationFailed, match=r"mechanisms none, and none fits$"):
        choose([""], encrypted=True, local=False)


def test_a_missing_library_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "present", lambda: False)
    with pytest.raises(AuthenticationFailed, match="needs the Python library scramp") as caught:
        choose(["SCRAM-SHA-256"], encrypted=True, local=False)
    assert caught.value.hint == library.INSTALL


def test_gssapi_says_what_it_lacks() -> None:
    lacking = gssapi.lacks()
    assert lacking
    assert lacking[1] in {gssapi.INSTALL, "get a ticket with kinit"}
