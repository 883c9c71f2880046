"""The decisions of a daemon, as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from aiovirt.clients.polkit import Polkit, PolkitSubject
from aiovirt.daemon.access.access import Access
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.passwords import set_password
from aiovirt.daemon.access.policyfile import parse_policy
from aiovirt.daemon.access.subjects import Subject
from aiovirt.daemon.settings import AccessSettings
from aiovirt.errors import AuthenticationFailed, ConfigError, PermissionDenied, Unresponsive
from aiovirt.model.constants import AuthType
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey

pytestmark = pytest.mark.anyio

ROOT = Identity("unix", "unix", uid=0, user="root", pid=1, start_time=1)
ALICE = Identity("unix", "unix", uid=1000, user="alice", pid=4711, start_time=99)
READER = replace(ALICE, readonly=True)
TCP = Identity("tcp", "192.0.2.1:4000")
TLS = Identity("tls", "192.0.2.1:4000", x509_name="CN=tim,O=Example")
BOB = replace(TLS, sasl_user="bob")
WEB = DomainKey(UUID(int=1), "web1")
ALLOW_BOB = parse_policy('[[rule]]\nwho = ["sasl:bob"]\nallow = ["domain:start"]')


@dataclass
class Answers(Polkit):
    """A polkit that says what a test wants."""

    allowed: tuple[str, ...] = ()
    asked: list[tuple[PolkitSubject, str, Mapping[str, str], bool]] = field(default_factory=list)
    fails: bool = False

    async def check(
        self,
        subject: PolkitSubject,
        action: str,
        details: Mapping[str, str] | None = None,
        *,
        interactive: bool = False,
    ) -> bool:
        self.asked.append((subject, action, details or {}, interactive))
        if self.fails:
            raise Unresponsive("polkit has not decided", hint="look at it")
        return action in self.allowed


POLKIT = AccessSettings(auth_unix_rw="polkit", auth_unix_ro="polkit")


@pytest.mark.parametrize(
    ("settings", "identity", "kind"),
    [
        (AccessSettings(), ALICE, AuthType.NONE),
        (AccessSettings(), TCP, AuthType.SASL),
        (AccessSettings(), TLS, AuthType.NONE),
        (POLKIT, ALICE, AuthType.POLKIT),
        (POLKIT, ROOT, AuthType.NONE),
        (AccessSettings(auth_unix_ro="polkit"), READER, AuthType.POLKIT),
        (AccessSettings(auth_unix_ro="polkit"), ALICE, AuthType.NONE),
        (AccessSettings(auth_unix_rw="sasl"), ROOT, AuthType.SASL),
        (AccessSettings(auth_tls="sasl"), TLS, AuthType.SASL),
    ],
)
def test_how_a_connection_authenticates(
    settings: AccessSettings, identity: Identity, kind: AuthType
) -> None:
    assert Access(settings).auth_kinds(identity) is kind


@pytest.mark.parametrize(
    ("identity", "action"),
    [(ALICE, "org.libvirt.unix.manage"), (READER, "org.libvirt.unix.monitor")],
)
async def test_polkit_is_asked_about_the_process(identity: Identity, action: str) -> None:
    polkit = Answers(allowed=(action,))
    await Access(POLKIT, polkit=polkit).polkit(identity)
    assert polkit.asked == [(PolkitSubject(4711, 99, 1000), action, {}, True)]


async def test_polkit_refuses() -> None:
    with pytest.raises(AuthenticationFailed, match="does not let alice") as caught:
        await Access(POLKIT, polkit=Answers()).polkit(ALICE)
    assert caught.value.libvirt
    assert caught.value.libvirt.code == 45


async def test_a_polkit_that_is_not_there_lets_nobody_in() -> None:
    with pytest.raises(AuthenticationFailed, match="has not decided") as caught:
        await Access(POLKIT, polkit=Answers(fails=True)).polkit(ALICE)
    assert caught.value.hint == "look at it"


@pytest.mark.parametrize("lost", ["pid", "start_time"])
async def test_polkit_is_not_asked_about_a_process_that_is_not_known(lost: str) -> None:
    polkit = Answers(allowed=("org.libvirt.unix.manage",))
    with pytest.raises(AuthenticationFailed, match="process is not known"):
        await Access(POLKIT, polkit=polkit).polkit(replace(ALICE, **{lost: None}))  # type: ignore[arg-type]
    assert not polkit.asked


def admitted(access: Access, identity: Identity) -> None:
    access.admit(identity, access.grants(identity))


def test_who_has_to_prove_a_name_is_not_admitted_without() -> None:
    with pytest.raises(AuthenticationFailed, match="SASL is demanded"):
        admitted(Access(AccessSettings(), ALLOW_BOB), TCP)
    admitted(Access(AccessSettings(), ALLOW_BOB), replace(TCP, sasl_user="bob"))


def test_who_may_do_nothing_is_not_admitted() -> None:
    with pytest.raises(PermissionDenied, match="no rule lets CN=tim,O=Example") as caught:
        admitted(Access(AccessSettings()), TLS)
    assert caught.value.libvirt
    assert (caught.value.libvirt.code, caught.value.libvirt.domain) == (88, 55)


def test_a_certificates_name_is_looked_at_again() -> None:
    settings = AccessSettings(tls_allowed_names=("CN=tom,O=Example",))
    with pytest.raises(AuthenticationFailed, match="is not allowed"):
        admitted(Access(settings, ALLOW_BOB), BOB)


@pytest.mark.parametrize("identity", [ROOT, ALICE, READER])
def test_local_clients_are_admitted(identity: Identity) -> None:
    admitted(Access(AccessSettings()), identity)


def test_remote_clients_may_nothing_without_a_rule() -> None:
    access = Access(AccessSettings(), ALLOW_BOB)
    assert access.decide(BOB, "domain:start", WEB)
    assert not access.decide(BOB, "domain:stop", WEB)
    assert not access.decide(TLS, "connect:getattr", None)


def test_readers_only_read() -> None:
    access = Access(AccessSettings())
    assert access.decide(READER, "domain:read", WEB)
    assert not access.decide(READER, "domain:start", WEB)
    assert not access.decide(replace(ROOT, readonly=True), "domain:read_secure", WEB)


def test_a_daemon_of_a_user_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[defaults]\nlocal = "deny"\n')
    settings = AccessSettings(policy=tmp_path / "policy.toml")
    me = Identity("unix", "unix", uid=os.geteuid())
    assert Access.from_settings(settings, session=True).decide(me, "domain:start", WEB)
    assert not Access.from_settings(settings).decide(ALICE, "domain:start", WEB)


def test_files_are_read(tmp_path: Path) -> None:
    set_password(tmp_path / "passwords", "bob", Secret("x"))
    settings = AccessSettings(sasl_passwords=tmp_path / "passwords")
    dialogue = Access.from_settings(settings).sasl(TLS)
    assert dialogue
    assert dialogue.mechanisms == ("SCRAM-SHA-256", "EXTERNAL")
    (tmp_path / "policy.toml").write_text("[[rulle]]")
    with pytest.raises(ConfigError, match=r"policy\.toml, line 1"):
        Access.from_settings(replace(settings, policy=tmp_path / "policy.toml"))


def test_over_an_open_line_there_is_nothing_to_talk_about() -> None:
    assert Access(AccessSettings()).sasl(TCP) is None


def test_a_reload_goes_on_remembering_who_guesses() -> None:
    before = Access(AccessSettings())
    before.attempts.failed("192.0.2.1", 0.0)
    assert Access.from_settings(AccessSettings(), before=before).attempts is before.attempts


OBJECTS = AccessSettings(polkit_objects=True)


async def test_polkit_is_asked_about_each_operation() -> None:
    polkit = Answers(allowed=("org.libvirt.api.domain.start",))
    access = Access(OBJECTS, polkit=polkit)
    assert access.needs_ask(ALICE, ("domain:start",))
    assert await access.allowed(ALICE, "domain:start", WEB)
    assert not await access.allowed(ALICE, "domain:stop", WEB)
    _, action, details, interactive = polkit.asked[0]
    assert action == "org.libvirt.api.domain.start"
    assert details == {
        "connect_driver": "QEMU",
        "domain_name": "web1",
        "domain_uuid": str(UUID(int=1)),
    }
    assert not interactive


async def test_rules_come_before_polkit() -> None:
    policy = parse_policy(
        '[[rule]]\nwho = ["user:alice"]\nallow = ["domain:start"]\ndeny = ["domain:stop"]'
    )
    polkit = Answers(allowed=("org.libvirt.api.domain.stop",))
    access = Access(OBJECTS, policy, polkit=polkit)
    assert await access.allowed(ALICE, "domain:start", WEB)
    assert not await access.allowed(ALICE, "domain:stop", WEB)
    assert not polkit.asked


@pytest.mark.parametrize("identity", [ROOT, BOB])
async def test_polkit_has_no_say_about_root_and_remote_clients(identity: Identity) -> None:
    access = Access(OBJECTS, ALLOW_BOB, polkit=Answers())
    assert not access.needs_ask(identity, ("domain:start",))
    assert await access.allowed(identity, "domain:start", WEB)


async def test_polkit_does_not_let_readers_write() -> None:
    polkit = Answers(allowed=("org.libvirt.api.domain.start",))
    assert not await Access(OBJECTS, polkit=polkit).allowed(READER, "domain:start", WEB)


@pytest.mark.parametrize("identity", [ALICE, replace(ALICE, pid=None)])
async def test_without_an_answer_of_polkit_nobody_may(
    identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(OBJECTS, polkit=Answers(fails=True))
    assert not await access.allowed(identity, "domain:start", WEB)
    assert "alice may not do domain:start: polkit" in caplog.text


def test_what_is_known_of_somebody_goes_with_who_asked() -> None:
    access = Access(AccessSettings())
    kept = access.grants(ALICE)
    for pid in range(9):
        access.grants(replace(ALICE, pid=pid))
    assert list(access._grants.values()) == [kept]
    assert access.grants(replace(ALICE)) is kept


def test_no_answer_is_kept_under_a_name_of_megabytes() -> None:
    rules = '[[rule]]\nwho = ["anyone"]\ndeny = ["interface:read"]\non = { interface = ["eth*"] }'
    grants = Access(AccessSettings(), parse_policy(rules)).grants(ALICE)
    for name in ("eth" + "0" * 1000, "eth0"):
        assert not grants.allows("interface:read", Subject("interface", name))
    assert [one.name for _, one in grants._known if one is not None] == ["eth0"]
