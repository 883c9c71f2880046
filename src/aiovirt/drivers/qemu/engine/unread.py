"""A configuration that is still the text it was written as: who only passes it on never reads it.

A daemon sends configurations far more often than anybody looks into one there.
"""

from __future__ import annotations

from aiovirt.config import DomainConfig, Node, element

__all__ = ["UnreadConfig"]


class UnreadConfig(DomainConfig):
    """A domain's configuration, read when a field of it is first asked for.

    From then on it is a `DomainConfig` like any other, and may be changed.
    """

    @classmethod
    def of(cls, text: str) -> DomainConfig:
        """The configuration that `text`, which `to_xml` wrote, stands for."""
        made = cls.__new__(cls)
        made._node_, made._home_ = text, None  # type: ignore[assignment] # until it is read
        return made

    def to_xml(self, *, secure: bool = False) -> str:
        """See `View.to_xml`. Secrets that the text lacks are not there to be shown."""
        return str(self._node_) if secure else self._read().to_xml(secure=False)

    def _read(self) -> DomainConfig:
        self._node_ = element(DomainConfig.parse(str(self._node_)))
        self.__class__ = DomainConfig  # type: ignore[assignment] # its slots are the same
        return self

    def _find_(self) -> Node | None:
        return self._read()._find_()

    def _make_(self) -> Node:
        return self._read()._make_()

    def __eq__(self, other: object) -> bool:
        return self._read() == other

    __hash__ = None  # type: ignore[assignment] # as of every view

    def __reduce__(self) -> tuple[object, ...]:
        return self._read().__reduce__()
