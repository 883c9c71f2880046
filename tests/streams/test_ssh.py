"""SSH log-ins that ask somebody, against a server whose answers the test chooses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import asyncssh
import pytest

from aiovirt.errors import AuthenticationFailed, ResourceUnavailable
from aiovirt.streams._asyncio import asyncio_loop, in_asyncio
from aiovirt.streams.ssh import SSHTarget, connect_ssh

pytestmark = pytest.mark.anyio


class PasswordServer(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return username == "me"

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("me", "secret")

    def kbdint_auth_supported(self) -> bool:
        return False


class AskingServer(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return username == "me"

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        del username, lang, submethods
        return "", "", "", [("token: ", True), ("pin: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        del username
        return list(responses) == ["123", "45"]


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@asynccontextmanager
async def serving(factory: type[asyncssh.SSHServer]) -> AsyncGenerator[int, None]:
    """Run a server in this process, and tell its port."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with asyncio_loop():
        acceptor = await in_asyncio(
            asyncssh.listen, "127.0.0.1", 0, server_factory=factory, server_host_keys=[key]
        )
        try:
            yield acceptor.get_port()
        finally:
            await in_asyncio(_close, acceptor)


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()


class Answers:
    """Somebody who is asked: gives one answer after the other, and then none."""

    def __init__(self, *answers: str, pause_s: float = 0) -> None:
        self._answers = list(answers)
        self._pause_s = pause_s
        self.asked: list[tuple[str, bool]] = []

    async def __call__(self, prompt: str, echo: bool) -> str | None:  # noqa: FBT001 - as `Ask`
        self.asked.append((prompt, echo))
        await anyio.sleep(self._pause_s)
        return self._answers.pop(0) if self._answers else None


def target(port: int, ask: Answers | None) -> SSHTarget:
    return SSHTarget("127.0.0.1", port, "me", check="ignore", ask=ask)


async def log_in(port: int, ask: Answers | None, timeout_s: float = 20) -> str:
    async with connect_ssh(target(port, ask), timeout_s=timeout_s) as connection:
        return connection.where


async def test_a_password_is_asked_for_until_it_is_right() -> None:
    ask = Answers("wrong", "secret")
    async with serving(PasswordServer) as port:
        assert await log_in(port, ask) == f"me@127.0.0.1:{port}"
    assert ask.asked == [("password of me@127.0.0.1: ", False)] * 2


async def test_a_password_is_not_asked_for_for_ever() -> None:
    ask = Answers(*["wrong"] * 9)
    async with serving(PasswordServer) as port:
        with pytest.raises(AuthenticationFailed, match="a password"):
            await log_in(port, ask)
    assert len(ask.asked) == 3


async def test_nobody_is_asked_where_nobody_is_there() -> None:
    async with serving(PasswordServer) as port:
        with pytest.raises(AuthenticationFailed) as caught:
            await log_in(port, None)
    assert "password" not in str(caught.value)


async def test_the_servers_own_questions_are_asked() -> None:
    ask = Answers("123", "45")
    async with serving(AskingServer) as port:
        await log_in(port, ask)
    assert ask.asked == [("token: ", True), ("pin: ", False)]


async def test_whoever_thinks_about_the_answer_is_given_time() -> None:
    async with serving(PasswordServer) as port:
        assert await log_in(port, Answers("secret", pause_s=1.5), timeout_s=1)


async def test_a_refused_socket_is_told_and_the_connection_goes_on() -> None:
    async with (
        serving(PasswordServer) as port,
        connect_ssh(target(port, Answers("secret")), timeout_s=20) as connection,
    ):
        for _ in range(2):
            with pytest.raises(ResourceUnavailable, match="does not connect to its socket /none"):
                await connection.open_unix("/none")
