"""The auth file, and who is asked in which order."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.clients.credentials import MAX_FILE, AuthFile, answerers
from aiovirt.errors import ConfigError
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Login, Secret

pytestmark = pytest.mark.anyio

FILE = b"""# comment
; another
[credentials-prod]
authname=bob
password= two  words=#x\r
realm=LAB

[credentials-dev]
username=joe
[auth-libvirt-prod1.example.com]
credentials=prod
[auth-libvirt-default]
credentials=dev
[auth-esx-lost]
credentials=gone
[auth-ssh-bare]
"""


def asking(
    kind: CredentialKind, host: str = "prod1.example.com", service: str = "libvirt"
) -> CredentialRequest:
    return CredentialRequest(kind, service, host, "?")


NAME = asking(CredentialKind.AUTHNAME)
PASSWORD = asking(CredentialKind.PASSPHRASE)


def test_a_host_has_its_credentials() -> None:
    file = AuthFile.parse(FILE, "auth.conf")
    assert file.answer(NAME) == "bob"
    assert file.answer(PASSWORD) == Secret(" two  words=#x")
    assert file.answer(asking(CredentialKind.REALM)) == Secret("LAB")
    assert file.answer(asking(CredentialKind.CNONCE)) is None


def test_other_hosts_have_the_default_ones() -> None:
    file = AuthFile.parse(FILE, "auth.conf")
    assert file.answer(asking(CredentialKind.USERNAME, "elsewhere")) == "joe"
    assert file.answer(asking(CredentialKind.AUTHNAME, "elsewhere")) is None
    assert file.answer(asking(CredentialKind.USERNAME, "elsewhere", "hyperv")) is None


@pytest.mark.parametrize(
    ("service", "host", "message"),
    [
        ("esx", "lost", r"auth.conf, line 14: \[auth-esx-lost\] refers to \[credentials-gone\]"),
        ("ssh", "bare", r"auth.conf, line 16: \[auth-ssh-bare\] has no credentials=NAME"),
    ],
)
def test_a_broken_reference_is_named(service: str, host: str, message: str) -> None:
    file = AuthFile.parse(FILE, "auth.conf")
    with pytest.raises(ConfigError, match=message):
        file.answer(asking(CredentialKind.AUTHNAME, host, service))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\npassword=geheim", "line 2: a value before the first section"),
        (b"[x\n", "line 1: a section's name ends with ]"),
        (b"[x]\npassword = geheim", "line 2: expected key=value"),
        (b"[x]\ngeheim", "line 2: expected key=value"),
        (b"[x]\na=1\na=geheim", "line 3: a is there twice"),
        (b"[x]\n[y]\n[x]\n", r"line 3: \[x\] is there twice, first in line 1"),
        (b"[x]\npassword=geheim\xff", "line 2: the line is no UTF-8"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(text: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        AuthFile.parse(text, "auth.conf")
    assert "geheim" not in str(caught.value)
    assert caught.value.__context__ is None


@given(st.binary(max_size=80))
def test_garbage_is_an_error_of_the_file(content: bytes) -> None:
    with suppress(ConfigError):
        AuthFile.parse(b"[x]\n" + content, "f").answer(NAME)


async def test_the_order_of_who_answers(tmp_path: Path) -> None:
    asked = []

    async def callback(request: CredentialRequest) -> str:
        asked.append(request.kind)
        return "asked"

    path = tmp_path / "auth.conf"
    path.write_bytes(b"[auth-libvirt-default]\ncredentials=a\n[credentials-a]\nauthname=filed\n")
    environ = {"AIOVIRT_PASSWORD": "from the environment"}
    chain = answerers(callback, authfile=str(path), environ=environ)
    assert await chain(NAME) == "filed"
    assert await chain(PASSWORD) == "from the environment"
    assert await chain(asking(CredentialKind.REALM)) == "asked"
    assert asked == [CredentialKind.REALM]
    given = answerers(Login("given"), authfile=str(path), environ=environ)
    assert await given(NAME) == "given"
    assert await given(PASSWORD) == "from the environment"


async def test_the_variable_goes_before_the_parameter(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = f"[auth-libvirt-default]\ncredentials=a\n[credentials-a]\nauthname={name}\n"
        (tmp_path / name).write_text(text)
    environ = {"LIBVIRT_AUTH_FILE": str(tmp_path / "two")}
    chain = answerers(None, authfile=str(tmp_path / "one"), environ=environ)
    assert await chain(NAME) == "two"


async def test_the_users_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "libvirt").mkdir()
    text = "[auth-libvirt-default]\ncredentials=a\n[credentials-a]\nauthname=mine\n"
    (tmp_path / "libvirt/auth.conf").write_text(text)
    chain = answerers(None, authfile=None, environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert await chain(NAME) == "mine"


async def test_a_file_that_is_named_must_be_there() -> None:
    chain = answerers(None, authfile=None, environ={"LIBVIRT_AUTH_FILE": "/nonexistent/a"})
    with pytest.raises(ConfigError, match="/nonexistent/a cannot be read: No such") as caught:
        await chain(NAME)
    assert caught.value.field == "LIBVIRT_AUTH_FILE"


async def test_a_file_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "auth.conf"
    path.write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(ConfigError, match="longer than"):
        await answerers(None, authfile=str(path), environ={})(NAME)
