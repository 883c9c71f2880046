"""Which host is spoken to when none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.cli.settings import URI_VARIABLE, Settings, default_uri
from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI


def test_the_state_folder_is_the_desktops() -> None:
    assert default_uri({"XDG_STATE_HOME": "/s"}).parameters == {"root": "/s/aiovirt"}


@pytest.mark.parametrize("environment", [{}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "rel"}])
def test_else_it_is_in_the_home_folder(environment: dict[str, str]) -> None:
    root = str(Path.home() / ".local/state/aiovirt")
    assert default_uri(environment).parameters == {"root": root}


def test_the_default_is_a_uri_that_reads_back() -> None:
    uri = default_uri({"XDG_STATE_HOME": "/s"})
    assert URI.parse(str(uri)) == uri


def test_a_uri_that_was_given_is_checked() -> None:
    with pytest.raises(ConfigError):
        _ = Settings(connect="nowhere").uri


def test_an_empty_uri_is_no_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URI_VARIABLE, "test:///default")
    with pytest.raises(ConfigError):
        _ = Settings(connect="").uri


def test_an_empty_variable_names_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URI_VARIABLE, "")
    assert Settings().uri == default_uri()
