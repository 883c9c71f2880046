"""What a row is: an operation of an ability, a procedure, and what lies between them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from aiovirt.bindings.arguments import Argument
from aiovirt.bindings.results import NOTHING, Result
from aiovirt.bindings.values import PLAIN
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct

__all__ = ["Binding", "bind"]


class Binding:
    """One row; `bind` makes it.

    Attributes:
        ability: The ability's name.
        name: The operation's name.
        procedure: The procedure.
        result: How its reply is read.
        files: The parameter whose descriptors travel beside the arguments, or None.
    """

    def __init__(
        self,
        operation: Callable[..., Any],
        procedure: Procedure[Any, Any],
        arguments: tuple[Argument, ...],
        result: Result,
        files: str | None = None,
    ) -> None:
        self.files = files
        self.ability, _, self.name = operation.__qualname__.partition(".")
        self.procedure = procedure
        self.result = result
        self._arguments = arguments
        _, *parameters = inspect.signature(operation).parameters.values()
        self._names = tuple(item.name for item in parameters)
        self._defaults = {
            item.name: item.default for item in parameters if item.default is not item.empty
        }
        self._check()
        by_field = {
            name: (_one_of(item, place), item.params)
            for item in arguments
            for place, name in enumerate(item.fields)
        }
        self._in_order = [by_field[name] for name in procedure.args.__struct_fields__]
        alone = [params for _, params in self._in_order]
        # Whether the parameters are the fields, one by one: most rows, and the quick way.
        self._straight = alone == [(name,) for name in self._names]
        self._sends = [send for send, _ in self._in_order]
        # What sends the only parameter, a domain mostly: quicker still.
        self._only = self._sends[0] if self._straight and len(alone) == 1 else None
        self._kind: type[Struct] = procedure.args
        self._quick = _reader(arguments)

    def _check(self) -> None:
        """Every parameter and every field is there, once."""
        params = [name for item in self._arguments for name in item.params]
        params += [self.files] if self.files else []
        filled = [name for item in self._arguments for name in item.fields]
        if sorted(params) != sorted(self._names):
            raise ValueError(f"{self!r} takes {self._names}, but the row has {params}")
        fields = self.procedure.args.__struct_fields__
        if sorted(filled) != sorted(fields):
            raise ValueError(f"{self!r}: {fields} are to be filled, but the row has {filled}")
        told = set(self.result.fields)
        if not told <= set(self.procedure.ret.__struct_fields__):
            raise ValueError(f"{self!r}: the reply has no {told}")

    def __repr__(self) -> str:
        return f"<Binding {self.ability}.{self.name} {self.procedure.name}>"

    # --- a client's way -------------------------------------------------------------------------

    def args(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> Struct:
        """The procedure's arguments, from those of a call of the operation.

        Raises:
            TypeError: The operation cannot be called so.
            CallerError: A value cannot be sent.
        """
        if self._only is not None and not named and len(given) == 1:
            return self._kind(*self._only(given[0]))
        if self._straight and not named and len(given) == len(self._names):
            sent = [send(value)[0] for send, value in zip(self._sends, given, strict=True)]
            return self._kind(*sent)
        values = self.named(given, named)
        sent = [send(*[values[name] for name in names])[0] for send, names in self._in_order]
        return self._kind(*sent)

    def named(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """All arguments of a call of the operation by their names.

        Raises:
            TypeError: The operation cannot be called so.
        """
        values = {**self._defaults, **dict(zip(self._names, given, strict=False)), **named}
        twice = named.keys() & self._names[: len(given)]
        if values.keys() != set(self._names) or len(given) > len(self._names) or twice:
            raise TypeError(f"{self.ability}.{self.name} takes {', '.join(self._names)}")
        return values

    # --- a daemon's way ---------------------------------------------------------------------------

    def call(self, args: Struct) -> dict[str, Any]:
        """The operation's arguments, by name, from the procedure's.

        Raises:
            CallerError: A field has a value that the operation has no word for.
            ConfigError: A document is wrong.
        """
        if self._quick is not None:
            return self._quick(args)
        values: dict[str, Any] = {}
        for item in self._arguments:
            taken = item.read(*[getattr(args, name) for name in item.fields])
            values.update(zip(item.params, taken, strict=True))
        return values

    def reply(self, result: object, args: Struct | None = None) -> Struct:
        """The procedure's reply, from the operation's result.

        Args:
            result: What the operation gave.
            args: The procedure's arguments, for a reply that repeats some of them.
        """
        if self.result.repeats:
            said = {name: getattr(args, name) for name in self.result.fields}
            again: Struct = self.procedure.ret(**said)
            return again
        return self.result.send(self.procedure.ret, result)


def _reader(arguments: tuple[Argument, ...]) -> Callable[[Struct], dict[str, Any]] | None:
    """What reads the arguments of a row whose parameters are fields: compiled, for quick calls.

    The text is made of the names of our own structs and parameters, and of nothing else.
    """
    names: dict[str, Any] = {}
    checks: list[str] = []
    words: list[str] = []
    for place, item in enumerate(arguments):
        fields = [f"args.{field}" for field in item.fields]
        if not item.params:  # it gives nothing, that is an empty tuple, or raises
            names[f"check{place}"] = item.read
            checks.append(f"check{place}({', '.join(fields)})")
        elif item.one is None:
            return None
        elif item.one is PLAIN.read:
            words.append(f"{item.params[0]!r}: {fields[0]}")
        else:
            names[f"read{place}"] = item.one
            words.append(f"{item.params[0]!r}: read{place}({fields[0]})")
    text = " or ".join([*checks, f"{{{', '.join(words)}}}"])
    made: Callable[[Struct], dict[str, Any]] = eval(f"lambda args: {text}", names)  # noqa: S307
    return made


def _one_of(item: Argument, place: int) -> Callable[..., tuple[Any, ...]]:
    """What makes one of the fields that an argument fills."""
    if len(item.fields) == 1:
        return item.send

    def send(*given: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of any parameter
        return item.send(*given)[place : place + 1]

    return send


def bind(
    operation: Callable[..., Any],
    procedure: Procedure[Any, Any],
    *arguments: Argument,
    returns: Result = NOTHING,
    files: str | None = None,
) -> Binding:
    """Make a row.

    Args:
        operation: The ability's method, such as `Lifecycle.start`.
        procedure: From the tables.
        arguments: What fills the fields of the procedure's arguments.
        returns: How the result is read from the reply.
        files: The parameter with descriptors that travel beside the arguments.

    Raises:
        ValueError: A parameter or a field is missing or there twice; the row is named.
    """
    return Binding(operation, procedure, arguments, returns, files)
