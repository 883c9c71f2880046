"""Secrets that do not show, and who answers for what."""

from __future__ import annotations

import pickle

import pytest

from aiovirt.model.credentials import (
    CredentialKind,
    CredentialRequest,
    Login,
    Secret,
    SecretBytes,
    first_of,
)

pytestmark = pytest.mark.anyio


def asking(kind: CredentialKind) -> CredentialRequest:
    return CredentialRequest(kind, "libvirt", "h", "?")


NAME = asking(CredentialKind.AUTHNAME)
PASSWORD = asking(CredentialKind.PASSPHRASE)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("geheim")
    assert "geheim" not in f"{secret} {secret!r} {Login('tim', secret)} {Login('tim', 'geheim')}"
    assert secret.reveal() == "geheim"
    assert secret == Secret("geheim")
    assert len({secret, Secret("geheim")}) == 1
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_what_is_secret_is_known() -> None:
    assert PASSWORD.secret
    assert not NAME.secret


async def test_a_login_answers_for_its_parts() -> None:
    login = Login("tim", "x", realm="LAB")
    asked = [asking(kind) for kind in CredentialKind]
    answers = {request.kind: await login(request) for request in asked}
    assert {kind: answer for kind, answer in answers.items() if answer is not None} == {
        CredentialKind.USERNAME: "tim",
        CredentialKind.AUTHNAME: "tim",
        CredentialKind.PASSPHRASE: "x",
        CredentialKind.REALM: "LAB",
    }


async def test_the_first_that_knows_answers() -> None:
    chain = first_of(None, Login(""), Login("tim"), Login("tom", ""), Login("x", "y"))
    assert await chain(NAME) == "tim"
    assert await chain(PASSWORD) == ""
    assert await chain(asking(CredentialKind.REALM)) is None


def test_secret_bytes_show_themselves_nowhere() -> None:
    value = SecretBytes(b"topsecret")
    assert "topsecret" not in f"{value}{value!r}{[value]}"
    assert value.reveal() == b"topsecret"
    assert (value, len(value)) == (SecretBytes(b"topsecret"), 9)
    assert len({value, SecretBytes(b"topsecret"), SecretBytes(b"")}) == 2
    with pytest.raises(TypeError):
        pickle.dumps(value)
