"""Single values on their way to the wire and back."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.bindings.values import CPU_MAP, MAX_CPUS, number, scaled, uuid_of
from aiovirt.errors import CallerError


@given(st.frozensets(st.integers(0, MAX_CPUS - 1), max_size=20))
def test_processors_come_back(cpus: frozenset[int]) -> None:
    assert CPU_MAP.read(CPU_MAP.send(cpus)) == cpus


@pytest.mark.parametrize("cpu", [-1, MAX_CPUS, 10**12])
def test_number_of_no_processor_is_refused(cpu: int) -> None:
    with pytest.raises(CallerError, match=f"^{cpu} is no number of a processor"):
        CPU_MAP.send(frozenset({0, cpu}))


@given(st.uuids())
def test_uuid_is_pythons(uuid: UUID) -> None:
    made = uuid_of(uuid.bytes)
    assert (made, hash(made), str(made), made.is_safe) == (
        uuid,
        hash(uuid),
        str(uuid),
        uuid.is_safe,
    )


def test_size_between_two_of_the_wires_is_refused() -> None:
    assert scaled(1024).send(2048) == 2
    with pytest.raises(CallerError, match="2049 is no multiple of 1024"):
        scaled(1024).send(2049)


def test_word_that_is_none_is_refused_and_a_new_number_is_told() -> None:
    value = number({"on": 1, "off": 0})
    assert (value.send("on"), value.read(0), value.read(7)) == (1, "off", "7")
    with pytest.raises(CallerError, match="'maybe' is none of on, off"):
        value.send("maybe")
