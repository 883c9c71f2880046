"""Distinguished names as text, and patterns that nobody gets round."""

from __future__ import annotations

import pytest

from aiovirt.daemon.access.names import distinguished_name, name_fits

SUBJECT = ((("countryName", "GB"),), (("organizationName", "Example"),), (("commonName", "web1"),))


def test_it_is_written_as_openssl_writes_it() -> None:
    assert distinguished_name(SUBJECT) == "CN=web1,O=Example,C=GB"
    assert distinguished_name(()) is None


def test_a_comma_in_a_value_makes_no_part() -> None:
    name = distinguished_name(((("commonName", "backup,O=Example"),),))
    assert name == r"CN=backup\,O=Example"
    assert not name_fits("CN=backup*,O=Example", name)
    assert not name_fits("CN=backup,O=Example", name)


def test_a_line_end_in_a_value_makes_no_line() -> None:
    name = distinguished_name(((("commonName", "a\nroot"),),))
    assert name == "CN=a?root"


@pytest.mark.parametrize(
    "pattern",
    ["CN=web1,O=Example,C=GB", "C=GB,O=Example,CN=web1", "CN=web*,O=Example,C=GB", "*,O=Example,*"],
)
def test_what_fits(pattern: str) -> None:
    assert name_fits(pattern, "CN=web1,O=Example,C=GB")


@pytest.mark.parametrize(
    "pattern", ["CN=web1", "CN=*", "CN=web2,O=Example,C=GB", "O=Example,*", ""]
)
def test_what_does_not(pattern: str) -> None:
    assert not name_fits(pattern, "CN=web1,O=Example,C=GB")
