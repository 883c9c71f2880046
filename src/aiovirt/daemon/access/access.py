"""The decisions of a daemon: how a client proves who it is, and what it may do then.

Of whoever it decides, this holds:

- who came read-only may do what only reads, and nothing else, whoever it is;
- root, and in a daemon of a user that user, may do all when they come by a Unix socket;
- the rules of the policy file hold for everybody else;
- where no rule says anything polkit is asked, when that is set, of a local client;
- and else a local client may do it and a remote one not, unless the policy's defaults differ.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from weakref import WeakValueDictionary

from aiovirt.clients.polkit import Polkit, PolkitSubject
from aiovirt.daemon.access.attempts import Attempts
from aiovirt.daemon.access.grants import Grants
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.names import name_fits
from aiovirt.daemon.access.passwords import Passwords
from aiovirt.daemon.access.permissions import split
from aiovirt.daemon.access.policy import Policy
from aiovirt.daemon.access.policyfile import load_policy
from aiovirt.daemon.access.polkitobjects import action_of, details_of
from aiovirt.daemon.access.refusals import denied, unproven
from aiovirt.daemon.access.sasl import SaslDialogue, offered_mechanisms
from aiovirt.daemon.access.subjects import subject_of
from aiovirt.daemon.settings import AccessSettings
from aiovirt.errors import AiovirtError
from aiovirt.model.constants import AuthType

__all__ = ["Access"]

log = logging.getLogger("aiovirt.daemon.access")

_KINDS = {"none": AuthType.NONE, "sasl": AuthType.SASL, "polkit": AuthType.POLKIT}
_ACTIONS = {True: "org.libvirt.unix.monitor", False: "org.libvirt.unix.manage"}


class Access:
    """Decides; replaced as a whole when settings are read anew.

    Args:
        settings: Which ways of authentication are taken.
        policy: The rules.
        passwords: The SASL users.
        polkit: Whom to ask; the system's by default.
        user: The user whose own daemon this is, besides root, or None.
        attempts: What is remembered of failed tries; from the one before, on a reload.
    """

    def __init__(
        self,
        settings: AccessSettings,
        policy: Policy | None = None,
        passwords: Passwords | None = None,
        *,
        polkit: Polkit | None = None,
        user: int | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self.settings = settings
        self.policy = policy or Policy()
        self.attempts = attempts or Attempts()
        self._passwords = passwords or Passwords()
        self._polkit = polkit or Polkit(timeout_s=settings.polkit_timeout_s)
        self._user = user
        # Who has gone needs none: what they were asked for goes with them.
        self._grants: WeakValueDictionary[Identity, Grants] = WeakValueDictionary()

    @classmethod
    def from_settings(
        cls,
        settings: AccessSettings,
        *,
        session: bool = False,
        before: Access | None = None,
        polkit: Polkit | None = None,
    ) -> Access:
        """Read the files that settings name.

        Args:
            settings: The section ``access``.
            session: Whether this is a daemon of a user: that user may do all.
            before: The one that is replaced; it goes on remembering who guessed passwords.
            polkit: Whom to ask; the system's by default.

        Raises:
            ConfigError: A file is wrong; says where.
            NotFound: A file is missing.
            PermissionDenied: A file cannot be read, or can by others who must not.
        """
        return cls(
            settings,
            None if settings.policy is None else load_policy(settings.policy),
            None if settings.sasl_passwords is None else Passwords.load(settings.sasl_passwords),
            polkit=polkit,
            user=os.geteuid() if session else None,
            attempts=None if before is None else before.attempts,
        )

    # --- getting in ------------------------------------------------------------------------------

    def auth_kinds(self, identity: Identity) -> AuthType:
        """Which authentication a new connection has to give; root proves nothing to polkit."""
        kind = _KINDS[self._setting(identity)]
        return AuthType.NONE if kind is AuthType.POLKIT and identity.uid == 0 else kind

    def _setting(self, identity: Identity) -> str:
        settings = self.settings
        unix = settings.auth_unix_ro if identity.readonly else settings.auth_unix_rw
        return {"unix": unix, "tcp": settings.auth_tcp, "tls": settings.auth_tls}[
            identity.transport
        ]

    async def polkit(self, identity: Identity) -> None:
        """Have polkit decide whether a local client may connect; it may ask a person meanwhile.

        Raises:
            AuthenticationFailed: polkit refuses, does not answer, or is not there.
        """
        action = _ACTIONS[identity.readonly]
        subject = _polkit_subject(identity, action)
        try:
            allowed = await self._polkit.check(subject, action, interactive=True)
        except AiovirtError as error:
            log.warning("%s is not let in: %s", identity.name, _with_hint(error))
            raise unproven(str(error), hint=error.hint) from error
        if not allowed:
            raise unproven(
                f"polkit does not let {identity.name} do {action}",
                hint="a rule in /etc/polkit-1/rules.d, or a person's authentication agent, can",
            )

    def sasl(self, identity: Identity) -> SaslDialogue | None:
        """The dialogue by which a client proves a SASL name; None where none is to be had."""
        offered = offered_mechanisms(self.settings, identity, self._passwords)
        if not offered:
            return None
        return SaslDialogue(
            identity,
            offered,
            self._passwords.find,
            self.attempts,
            keytab=self.settings.kerberos_keytab,
        )

    def admit(self, identity: Identity, grants: Grants) -> None:
        """Let a client in that has authenticated as its connection demands.

        Args:
            identity: The client.
            grants: What it may do (`grants`).

        Raises:
            AuthenticationFailed: It has not, or its certificate's name is not allowed.
            PermissionDenied: There is nothing that it may do.
        """
        if self._setting(identity) == "sasl" and identity.sasl_user is None:
            raise unproven("authentication by SASL is demanded")
        self._check_certificate(identity)
        if not grants.anything:
            raise denied(
                f"no rule lets {identity.name} from {identity.address} do anything",
                hint="the policy file grants operations to remote users (access.policy)",
            )

    def _check_certificate(self, identity: Identity) -> None:
        allowed = self.settings.tls_allowed_names
        if identity.transport != "tls" or not allowed:
            return
        name = identity.x509_name
        if name is None or not any(name_fits(pattern, name) for pattern in allowed):
            raise unproven(
                f"the certificate of {name or 'nobody'} from {identity.address} is not allowed",
                hint="access.tls_allowed_names lists the names that are",
            )

    # --- doing something -------------------------------------------------------------------------

    def grants(self, identity: Identity) -> Grants:
        """The rights of somebody; who keeps them, as long as this is the daemon's, saves time."""
        found = self._grants.get(identity)
        if found is None:
            found = Grants(
                identity, self.policy, trusted=self._user, ask=self.settings.polkit_objects
            )
            self._grants[identity] = found
        return found

    def needs_ask(self, identity: Identity, permissions: Sequence[str]) -> bool:
        """Whether only `allowed` can tell; else `decide` does, without waiting."""
        grants = self.grants(identity)
        return grants.asks and bool(permissions)

    def decide(self, identity: Identity, permission: str, subject: object | None) -> bool:
        """What the policy in memory says; cheap.

        Args:
            identity: Who wants to.
            permission: ``domain:start`` and the like.
            subject: On what: a key, a `Subject`; None for ``connect``, and where the object is not
                known.  Its name has to be the host's own: where `looks_at` says so, look the
                object up before and do not believe what the client has sent.
        """
        return self.grants(identity).allows(permission, subject)

    def looks_at(self, identity: Identity, permission: str) -> bool:
        """Whether it matters to a rule on which object; polkit's rules may look at any."""
        grants = self.grants(identity)
        return grants.asks or grants.looks_at(permission)

    async def allowed(
        self, identity: Identity, permission: str, subject: object | None, *, driver: str = "QEMU"
    ) -> bool:
        """What the policy says, and where it says nothing polkit, when that is set.

        Where polkit cannot be asked the answer is no, and the log says why.

        Args:
            identity: Who wants to.
            permission: As for `decide`.
            subject: As for `decide`.
            driver: What polkit's rules know the driver as (``connect_driver``).
        """
        grants = self.grants(identity)
        if not grants.asks:
            return grants.allows(permission, subject)
        said = grants.said(permission, subject)
        if said is not None:
            return said
        action = action_of(*split(permission))
        details = details_of(subject_of(subject), driver)
        try:
            return await self._polkit.check(_polkit_subject(identity, action), action, details)
        except AiovirtError as error:
            # Not for the client to see to, and no reason to end what else goes on for it.
            log.error("%s may not do %s: %s", identity.name, permission, _with_hint(error))  # noqa: TRY400
            return False


def _with_hint(error: AiovirtError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _polkit_subject(identity: Identity, action: str) -> PolkitSubject:
    if identity.pid is None or identity.start_time is None or identity.uid is None:
        raise unproven(
            f"polkit cannot be asked about {action}: the client's process is not known",
            hint="it has ended, or is in another PID namespace: use the socket's group instead",
        )
    return PolkitSubject(identity.pid, identity.start_time, identity.uid)
