"""How a client shows who it is: AUTH_*.  What is taken for proof is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiovirt.daemon.access.refusals import unproven
from aiovirt.daemon.service.handler import AnyHandler, StreamHandler
from aiovirt.interfaces import immediate
from aiovirt.model.constants import AuthType
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as c

if TYPE_CHECKING:
    from aiovirt.daemon.access.sasl import SaslDialogue
    from aiovirt.daemon.service.session import Session

__all__ = ["HANDLERS"]


@immediate
async def _list(session: Session, _args: Empty) -> c.AuthListRet:
    kind = AuthType.NONE if session.trusted else session.daemon.access.auth_kinds(session.identity)
    return c.AuthListRet([int(kind)])


async def _polkit(session: Session, _args: Empty) -> c.AuthPolkitRet:
    _demand(session, AuthType.POLKIT)
    access = session.daemon.access
    await access.polkit(session.identity)
    access.admit(session.identity, session.grants)
    session.trust()
    return c.AuthPolkitRet(1)


def _demand(session: Session, kind: AuthType) -> None:
    """Refuse a way of authentication that the connection does not have, or has behind it."""
    if session.trusted or session.daemon.access.auth_kinds(session.identity) is not kind:
        raise unproven(f"authentication by {kind.name} is not wanted here")


# --- SASL -----------------------------------------------------------------------------------------


async def _sasl_init(session: Session, _args: Empty) -> c.AuthSaslInitRet:
    _demand(session, AuthType.SASL)
    dialogue = session.daemon.access.sasl(session.identity)
    if dialogue is None:
        raise unproven("no SASL mechanism can be used on this connection")
    session.dialogue = dialogue
    return c.AuthSaslInitRet(",".join(dialogue.mechanisms))


async def _sasl_start(session: Session, call: Call, args: c.AuthSaslStartArgs) -> None:
    _demand(session, AuthType.SASL)
    dialogue = _dialogue(session)
    _, answer = await dialogue.start(args.mech, None if args.nil else args.data)
    await _answer(session, call, c.AUTH_SASL_START, answer)


async def _sasl_step(session: Session, call: Call, args: c.AuthSaslStepArgs) -> None:
    _demand(session, AuthType.SASL)
    dialogue = _dialogue(session)
    _, answer = await dialogue.step(None if args.nil else args.data)
    await _answer(session, call, c.AUTH_SASL_STEP, answer)


def _dialogue(session: Session) -> SaslDialogue:
    if session.dialogue is None:
        raise unproven("SASL was not begun")
    return session.dialogue


async def _answer(
    session: Session, call: Call, procedure: Procedure[Any, Any], answer: bytes | None
) -> None:
    """Give the mechanism's answer; once it is content, the layer it agreed on follows."""
    dialogue = _dialogue(session)
    if dialogue.complete:
        session.becomes(sasl_user=dialogue.user)
        session.daemon.access.admit(session.identity, session.grants)
        session.dialogue = None
        session.trust()
    complete = int(dialogue.complete)
    session.reply(call, procedure, procedure.ret(complete, int(answer is None), answer or b""))
    if dialogue.complete and dialogue.layer is not None:
        session.add_filter(dialogue.layer)


HANDLERS: Mapping[Procedure[Any, Any], AnyHandler] = {
    c.AUTH_LIST: _list,
    c.AUTH_POLKIT: _polkit,
    c.AUTH_SASL_INIT: _sasl_init,
    c.AUTH_SASL_START: StreamHandler(_sasl_start),
    c.AUTH_SASL_STEP: StreamHandler(_sasl_step),
}
