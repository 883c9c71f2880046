"""Values with a notation of their own are read strictly and written as libvirt writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.config import View, problems
from aiovirt.config._forms import UINT8
from aiovirt.config._scalars import Number
from aiovirt.config._values import (
    Ip,
    Moment,
    any_number,
    hexadecimal,
    ip,
    moment,
    octal,
)
from aiovirt.errors import XMLError


class Sample(View, tag="sample"):
    address: Ip = ip("@address")
    code: Number = hexadecimal("@code", digits=4, high=0xFFFF)
    mode: Number = octal("@mode", high=0o777)
    either: Number = any_number("@either", high=255, form=UINT8, write="0x{:02x}")
    when: Moment = moment("@when")


@given(st.ip_addresses())
def test_addresses(address: object) -> None:
    assert Sample(address=str(address)).address == address


@given(st.integers(0, 0xFFFF), st.integers(0, 0o777), st.integers(0, 255))
def test_numbers(code: int, mode: int, either: int) -> None:
    sample = Sample(code=code, mode=mode, either=either)
    assert (sample.code, sample.mode, sample.either) == (code, mode, either)
    assert (Sample.parse(sample.to_xml()), list(problems(sample))) == (sample, [])


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone stands beside it
def test_times(when: datetime) -> None:
    assert Sample(when=when).when == when


def test_times_of_other_zones_are_the_same_times() -> None:
    when = datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert Sample(when=when).when == datetime(2029, 12, 31, 19, tzinfo=UTC)


def test_as_they_are_written() -> None:
    sample = Sample(code=0x1F, mode=0o20, either=5, address=ip_address("::1"))
    assert sample.to_xml() == "<sample code='0x001f' mode='020' either='0x05' address='::1'/>\n"


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("address", "10.0.0.256"),
        ("address", ""),
        ("code", "0x1_f"),
        ("code", "0x10000"),
        ("code", "g"),
        ("mode", "8"),
        ("mode", "01000"),
        ("either", "0x100"),
        ("either", "-1"),
        ("when", "1e3"),
        ("when", "-1"),
        ("when", "999999999999"),
        ("when", "9999999999999999999999"),
    ],
)
def test_what_cannot_be_read_is_told(attribute: str, text: str) -> None:
    sample = Sample.parse(f"<sample {attribute}='{text}'/>")
    assert len(list(problems(sample))) == 1
    with pytest.raises(XMLError, match="cannot be"):
        Sample._fields_[attribute].read(sample)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", True),
        ("code", "0x1"),
        ("mode", 0o1000),
        ("either", -1),
        ("when", 5),
        ("when", datetime(1969, 1, 1, tzinfo=UTC)),
        ("address", "localhost"),
        ("address", 5),
    ],
)
def test_what_cannot_be_written_is_refused(field: str, value: object) -> None:
    sample = Sample()
    with pytest.raises(XMLError, match="cannot be"):
        setattr(sample, field, value)
    assert sample == Sample()
