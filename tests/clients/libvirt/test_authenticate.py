"""The exchange with a daemon, against the server's ends of our own mechanisms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from kerberos import Realm

from aiovirt.clients.libvirt._authenticate import MAX_ROUNDS, Peer, authenticate
from aiovirt.errors import (
    AuthenticationFailed,
    ConfigError,
    LibvirtDetail,
    ProtocolError,
    RemoteError,
)
from aiovirt.model.constants import AuthType
from aiovirt.model.credentials import CredentialRequest, Login, Secret
from aiovirt.protocols.sasl import SERVED, ServerMechanism, Verifier, serve

pytestmark = pytest.mark.anyio

KNOWN = {name: Verifier.make(Secret("pencil"), name) for name in SERVED if name != "PLAIN"}
GOOD = Login("tim", "pencil")
HERE = Peer(None, encrypted=False, local=True)
SASL = [AuthType.SASL]


def look_up(mechanism: str, user: str) -> Verifier | None:
    return KNOWN.get(mechanism) if user == "tim" else None


def refusal(text: str) -> RemoteError:
    error = RemoteError(text)
    error.libvirt = LibvirtDetail(45, 7, text)
    return error


@dataclass
class Daemon:
    """The server's end; `late` holds the last data back for a round, as RFC 4422 has it."""

    offered: str = ",".join(SERVED)
    late: bool = False
    polkit_says: str | None = None
    asked: list[str] = field(default_factory=list)
    mechanism: ServerMechanism | None = None
    _held: bool = False

    async def sasl_init(self) -> str:
        self.asked.append("init")
        if not self.offered:
            raise refusal("authentication failed")
        return self.offered

    async def sasl_start(self, mech: str, data: bytes | None) -> tuple[bool, bytes | None]:
        self.asked.append(f"start {mech}")
        self.mechanism = serve(mech, look_up, offered=self.offered.split(","))
        return await self.sasl_step(data)

    async def sasl_step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        assert self.mechanism
        self.asked.append("step")
        if self._held:
            assert not data
            return True, None
        try:
            answer = self.mechanism.step(data)
        except AuthenticationFailed:
            raise refusal("authentication failed") from None
        self._held = self.late and self.mechanism.complete
        return self.mechanism.complete and not self._held, answer

    async def polkit(self) -> None:
        self.asked.append("polkit")
        if self.polkit_says:
            raise refusal(self.polkit_says)


@pytest.mark.parametrize("daemon", [Daemon(), Daemon(late=True)], ids=["at once", "late"])
@pytest.mark.parametrize("name", SERVED)
async def test_both_ends_are_content(name: str, daemon: Daemon) -> None:
    daemon = replace(daemon)
    want = f"sasl.{name.lower()}"
    layer = await authenticate(daemon, offered=SASL, want=want, peer=HERE, credentials=GOOD)
    assert layer is None
    assert daemon.mechanism
    assert daemon.mechanism.user == "tim"


async def test_the_strongest_is_taken() -> None:
    daemon = Daemon()
    await authenticate(daemon, offered=SASL, want=None, peer=HERE, credentials=GOOD)
    assert daemon.asked[:2] == ["init", "start SCRAM-SHA-512"]


@pytest.mark.parametrize("login", [Login("tim", "wrong"), Login("tom", "pencil")])
async def test_a_wrong_password_says_what_to_do(login: Login) -> None:
    with pytest.raises(AuthenticationFailed, match="on localhost refuses SCRAM-SHA-512") as caught:
        await authenticate(Daemon(), offered=SASL, want=None, peer=HERE, credentials=login)
    assert "saslpasswd2" in str(caught.value.hint)
    assert caught.value.libvirt
    assert caught.value.libvirt.code == 45


@pytest.mark.parametrize(
    ("login", "missing"), [(Login(), "the name"), (Login("tim"), "tim's password")]
)
async def test_what_nobody_knows_is_named(login: Login, missing: str) -> None:
    peer = Peer("db1", encrypted=True, local=False)
    with pytest.raises(AuthenticationFailed, match=f"nobody knows {missing}") as caught:
        await authenticate(Daemon(), offered=SASL, want=None, peer=peer, credentials=login)
    assert "[auth-libvirt-db1]" in str(caught.value.hint)


async def test_the_uris_user_is_the_default_of_the_name() -> None:
    seen: list[CredentialRequest] = []

    async def callback(request: CredentialRequest) -> str | None:
        seen.append(request)
        return "pencil" if request.secret else None

    peer = Peer("db1", encrypted=True, local=False, user="tim")
    await authenticate(Daemon(), offered=SASL, want="sasl", peer=peer, credentials=callback)
    assert [request.prompt for request in seen] == [
        "Enter the name for db1",
        "Enter tim's password for db1",
    ]
    assert seen[0].default == "tim"
    assert seen[0].challenge == "SCRAM-SHA-512"


async def test_a_password_does_not_cross_an_open_line() -> None:
    daemon = Daemon()
    peer = Peer("db1", encrypted=False, local=False)
    with pytest.raises(AuthenticationFailed, match=r"db1: .* does not encrypt"):
        await authenticate(daemon, offered=SASL, want="sasl.PLAIN", peer=peer, credentials=GOOD)
    assert daemon.asked == ["init"]


async def test_a_daemon_without_mechanisms() -> None:
    peer = Peer("db1", encrypted=False, local=False)
    with pytest.raises(AuthenticationFailed, match="db1 offers no SASL mechanism") as caught:
        await authenticate(Daemon(""), offered=SASL, want=None, peer=peer, credentials=GOOD)
    assert "gssapi" in str(caught.value.hint)


@pytest.mark.parametrize("want", [None, "none"])
async def test_none_is_done_at_once(want: str | None) -> None:
    daemon = Daemon()
    offered = [AuthType.NONE]
    await authenticate(daemon, offered=offered, want=want, peer=HERE, credentials=GOOD)
    assert daemon.asked == []


async def test_polkit_is_asked() -> None:
    daemon = Daemon()
    offered = [AuthType.POLKIT, AuthType.SASL]
    await authenticate(daemon, offered=offered, want="polkit", peer=HERE, credentials=GOOD)
    assert daemon.asked == ["polkit"]


async def test_a_refusal_of_polkit_says_what_to_do() -> None:
    daemon = Daemon(polkit_says="authentication unavailable: no polkit agent available")
    offered = [AuthType.POLKIT]
    with pytest.raises(AuthenticationFailed, match="no polkit agent available") as caught:
        await authenticate(daemon, offered=offered, want=None, peer=HERE, credentials=GOOD)
    assert "group libvirt" in str(caught.value.hint)
    assert isinstance(caught.value.__cause__, RemoteError)


@pytest.mark.parametrize("want", ["bogus", "sasl.", "polkit.x", "none."])
async def test_a_wrong_auth_parameter_is_named(want: str) -> None:
    offered = [AuthType.NONE]
    with pytest.raises(ConfigError, match=r"kind of authentication"):
        await authenticate(Daemon(), offered=offered, want=want, peer=HERE, credentials=GOOD)


@pytest.mark.parametrize(
    ("offered", "want", "message"),
    [([AuthType.SASL], "polkit", "wants sasl, not polkit"), ([7], None, "wants authentication 7")],
)
async def test_what_the_daemon_does_not_want(
    offered: list[int], want: str | None, message: str
) -> None:
    with pytest.raises(AuthenticationFailed, match=message):
        await authenticate(Daemon(), offered=offered, want=want, peer=HERE, credentials=GOOD)


async def test_a_daemon_that_wants_nothing_at_all() -> None:
    with pytest.raises(ProtocolError):
        await authenticate(Daemon(), offered=[], want=None, peer=HERE, credentials=GOOD)


class Careless(Daemon):
    """A daemon that lets everybody in, and cannot prove itself."""

    async def sasl_step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        await super().sasl_step(data)
        return True, None


class Forger(Daemon):
    """A daemon that claims to have a proof."""

    async def sasl_step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        complete, answer = await super().sasl_step(data)
        return complete, b"v=" + b"A" * 86 + b"==" if complete else answer


class Endless(Daemon):
    """A daemon that is never content."""

    async def sasl_step(self, data: bytes | None) -> tuple[bool, bytes | None]:
        self.asked.append(f"step {data!r}")
        return False, None


@pytest.mark.parametrize("kind", [Careless, Forger])
async def test_a_daemon_that_does_not_prove_itself_is_left(kind: type[Daemon]) -> None:
    with pytest.raises((AuthenticationFailed, ProtocolError)):
        await authenticate(kind(), offered=SASL, want=None, peer=HERE, credentials=GOOD)


async def test_the_rounds_are_bounded() -> None:
    daemon = Endless()
    with pytest.raises(ProtocolError, match="finds no end"):
        await authenticate(daemon, offered=SASL, want="sasl.PLAIN", peer=HERE, credentials=GOOD)
    assert len(daemon.asked) < MAX_ROUNDS + 4


@pytest.mark.real
async def test_a_ticket_that_is_for_another_daemon_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Peer("db1", encrypted=True, local=False)
    daemon = Daemon("GSSAPI,SCRAM-SHA-256")
    with Realm.entered(tmp_path, monkeypatch):
        await authenticate(daemon, offered=SASL, want=None, peer=peer, credentials=GOOD)
        assert daemon.asked[:2] == ["init", "start SCRAM-SHA-256"]
        with pytest.raises(AuthenticationFailed, match=r"no ticket for .* and .* nobody knows"):
            await authenticate(daemon, offered=SASL, want=None, peer=peer, credentials=Login())
        with pytest.raises(AuthenticationFailed, match="no ticket for the service libvirt@db1"):
            await authenticate(
                daemon, offered=SASL, want="sasl.gssapi", peer=peer, credentials=GOOD
            )
