"""Verbs about a domain's screen and keyboard."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError, naming
from aiovirt.cli.results import Plain, done
from aiovirt.model.keycodes import KeycodeSet

__all__ = ["screenshot", "send_key"]


async def screenshot(
    domain: DomainArg,
    file: Annotated[Path | None, about("Where to write it; NAME.png if left out.")] = None,
    *,
    screen: Annotated[int, Parameter(help="Which screen.", validator=Number(gte=0))] = 0,
    session: SessionArg,
) -> Plain:
    """Write what is on the screen to a PNG file.

    For example:

        aiovirt screenshot web1
        aiovirt screenshot web1 boot.png
    """
    found = await session.domain(domain)
    picture = await found.screenshot(screen=screen)
    path = file or Path(f"{found.name}.png")
    _save(path, picture)
    sentence = f"Screenshot saved to {path}, with type of image/png"
    return done(found.key, "saved", sentence, file=str(path), size=len(picture))


def _save(path: Path, content: bytes) -> None:
    """Write it whole or not at all: a full disk leaves no torn picture behind."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with naming(path):
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


async def send_key(
    domain: DomainArg,
    *keys: Annotated[str, about("Names such as KEY_ENTER, or Linux key codes; pressed together.")],
    holdtime: Annotated[
        int, Parameter(help="How long they stay down, in milliseconds.", validator=Number(gt=0))
    ] = 100,
    codeset: Annotated[KeycodeSet, about("Whose numbers they are; names are Linux's.")] = "linux",
    session: SessionArg,
) -> Plain:
    """Press keys of a domain together.

    For example:

        aiovirt send-key web1 KEY_LEFTCTRL KEY_LEFTALT KEY_DELETE
        aiovirt send-key --holdtime 500 web1 KEY_POWER
    """
    if not keys:
        raise UsageError("send-key needs a key", hint="such as KEY_ENTER")
    found = await session.domain(domain)
    await found.send_key(*map(_key, keys), hold_ms=holdtime, codeset=codeset)
    return done(found.key, "sent", f"{len(keys)} key(s) sent to domain '{found.name}'")


def _key(text: str) -> str | int:
    """A key code, or else a name, which the driver knows or does not."""
    if re.fullmatch("0[xX][0-9a-fA-F]+", text):
        return int(text, 16)
    return int(text) if text.isascii() and text.isdecimal() else text
