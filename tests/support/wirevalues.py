"""Values of any struct of the protocol, for hypothesis, from the annotations of its fields."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from aiovirt.model.params import ParamType, Typed
from aiovirt.protocols.libvirt.procedure import EventKind, Procedure
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables.params import PARAM_TYPES
from aiovirt.protocols.libvirt.typed_params import ParamList
from aiovirt.protocols.xdr import Chars, Max, Scalar, Size, Struct
from aiovirt.protocols.xdr.emit import Form, form_of, struct_fields

__all__ = ["all_structs", "structs_of", "values_of"]

NO_ZERO = st.characters(codec="utf-8", exclude_characters="\0")

RANGES = {
    "i": st.integers(-(2**31), 2**31 - 1),
    "I": st.integers(0, 2**32 - 1),
    "q": st.integers(-(2**63), 2**63 - 1),
    "Q": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
}
TEXTS = st.text(NO_ZERO, max_size=12)
SHORT = 4


def all_structs() -> list[type[Struct]]:
    """Return each struct that a procedure or an event sends."""
    found: set[type[Struct]] = set()
    for entry in registry().values():
        if isinstance(entry, Procedure):
            found |= {entry.args, entry.ret}
        elif isinstance(entry, EventKind):
            found.add(entry.msg)
    return sorted(found, key=lambda kind: kind.__name__)


_MADE: dict[type[Struct], st.SearchStrategy[Any]] = {}
"""What hypothesis has found out about a strategy, it keeps in the strategy."""


def structs_of(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Return values of one struct."""
    if kind not in _MADE:
        _MADE[kind] = st.builds(kind, *[values_of(form) for _, form in struct_fields(kind)])
    return _MADE[kind]


def values_of(form: Form) -> st.SearchStrategy[Any]:
    """Return values of one field."""
    present = _present(form)
    return st.none() | present if form.optional else present


def _present(form: Form) -> st.SearchStrategy[Any]:
    marker = form.marker
    if isinstance(marker, Scalar):
        low, high = marker.low, marker.high
        return RANGES[marker.format] if low is None else st.integers(low, high)
    if isinstance(marker, Size):
        return st.binary(min_size=marker.length, max_size=marker.length)
    if isinstance(marker, Chars):
        size = marker.length
        return st.binary(min_size=size if marker.fixed else 0, max_size=min(size, 40))
    if isinstance(marker, ParamList):
        return st.lists(TEXTS, max_size=SHORT, unique=True).flatmap(_params)
    if isinstance(marker, Max):
        return _variable(form, marker.length)
    return structs_of(form.type)


def _variable(form: Form, limit: int) -> st.SearchStrategy[Any]:
    if form.type is str:
        return TEXTS
    if form.type is bytes:
        return st.binary(max_size=min(limit, 20))
    (inner,) = form.type.__args__
    return st.lists(values_of(form_of(inner)), max_size=min(limit, SHORT))


def _params(names: list[str]) -> st.SearchStrategy[dict[str, Typed]]:
    """Return parameters of these names, those that libvirt knows of the types it gives them."""
    return st.fixed_dictionaries({name: _typed(PARAM_TYPES.get(name)) for name in names})


@cache
def _typed(only: int | None) -> st.SearchStrategy[Typed]:
    kinds = {
        ParamType.INT: RANGES["i"],
        ParamType.UINT: RANGES["I"],
        ParamType.LLONG: RANGES["q"],
        ParamType.ULLONG: RANGES["Q"],
        ParamType.DOUBLE: RANGES["d"],
        ParamType.BOOLEAN: st.booleans(),
        ParamType.STRING: TEXTS,
    }
    return st.one_of(
        [
            st.builds(Typed, st.just(kind), values)
            for kind, values in kinds.items()
            if only in {None, kind}
        ]
    )
