"""What a URI of ESX or vCenter says beside the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.drivers.esx.parameters import Parameters, read_parameters
from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI


def read(query: str, scheme: str = "esx") -> Parameters:
    """Read the parameters of a URI."""
    return read_parameters(URI.parse(f"{scheme}://root@host/{query}"))


def test_without_any_the_certificate_counts() -> None:
    assert read("") == Parameters(transport="https", no_verify=False)


def test_libvirts_parameters() -> None:
    found = read("?transport=https&no_verify=1&auto_answer=1&vcenter=*&proxy=http://way:3128")
    assert found == Parameters(
        no_verify=True, auto_answer=True, vcenter="*", proxy="http://way:3128"
    )


@pytest.mark.parametrize(
    ("given", "proxy"),
    [
        ("way", "http://way:1080"),
        ("way:81", "http://way:81"),
        ("http://u:p@way:81", "http://u:p@way:81"),
        ("http://[::1]", "http://[::1]:1080"),
    ],
)
def test_a_proxy_without_a_port_has_that_of_curl(given: str, proxy: str) -> None:
    assert read(f"?proxy={given}").proxy == proxy


def test_a_proxys_password_is_not_shown() -> None:
    assert "secret" not in repr(read("?proxy=http://u:secret@way"))


def test_whom_to_trust() -> None:
    assert read("?cacert=/etc/ca.pem").cacert == Path("/etc/ca.pem")
    assert read("?thumbprint=AA:BB").thumbprint == "AA:BB"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?no_verify=yes", "no_verify"),
        ("?auto_answer=2", "auto_answer"),
        ("?transport=ftp", "transport"),
        ("?proxy=socks5://way", "proxy"),
        ("?proxy=http://", "proxy"),
        ("?vcenter=", "vcenter"),
        ("?no_verify=1&cacert=x", "cacert"),
        ("?transport=http&thumbprint=AA", "thumbprint"),
    ],
)
def test_wrong_values_name_their_parameter(query: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(query)
    assert caught.value.field == field


def test_an_unknown_parameter_is_told_with_a_near_one() -> None:
    with pytest.raises(ConfigError, match="noverify") as caught:
        read("?noverify=1")
    assert caught.value.hint == "did you mean no_verify?"


def test_vcenter_is_of_no_use_at_a_vcenter() -> None:
    with pytest.raises(ConfigError):
        read("?vcenter=vc", scheme="vpx")
