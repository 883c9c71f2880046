"""What saving and restoring of domains is asked for: by flags, and by libvirt's parameters."""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.errors import CallerError
from aiovirt.model.constants import DomainSaveRestoreFlags
from aiovirt.model.params import TypedParams, plain

__all__ = ["file_and_config", "wants_running"]

RUNNING, PAUSED = int(DomainSaveRestoreFlags.RUNNING), int(DomainSaveRestoreFlags.PAUSED)


def wants_running(flags: int) -> bool | None:
    """Whether a domain is to run when it is restored; None if the flags do not say.

    Raises:
        CallerError: They say both.
    """
    if flags & RUNNING and flags & PAUSED:
        raise CallerError("a domain is either running or paused when it is restored")
    return None if not flags & (RUNNING | PAUSED) else bool(flags & RUNNING)


def file_and_config(params: TypedParams) -> tuple[str | None, DomainConfig | None]:
    """The file and the configuration that are named, each None where it is not.

    Raises:
        CallerError: There is another parameter.
        XMLError: The configuration is wrong.
    """
    given = {name: plain(value) for name, value in params.items()}
    path, xml = given.pop("file", None), given.pop("dxml", None)
    if given:
        raise CallerError(f"a domain cannot be saved or restored with {min(given)!r}")
    return str(path) if path else None, DomainConfig.parse(str(xml)) if xml else None
