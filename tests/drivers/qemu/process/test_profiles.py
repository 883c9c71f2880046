"""Profiles of AppArmor for guests, on a made-up host."""

from __future__ import annotations

from pathlib import Path

import pytest
from guests import bare_config

from aiovirt.config import DomainConfig, SecurityLabel
from aiovirt.drivers.qemu.process.profiles import check_profile, profile_in_use
from aiovirt.errors import ResourceUnavailable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a host with AppArmor and one profile."""
    files = {
        "sys/module/apparmor/parameters/enabled": "Y\n",
        "sys/kernel/security/apparmor/profiles": "guests (enforce)\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def labelled(kind: str, label: str | None = None) -> DomainConfig:
    config = bare_config()
    config.labels.append(SecurityLabel(model="apparmor", type=kind, label=label))
    return config


def test_a_profile_that_is_loaded_is_used(root: Path) -> None:
    config = labelled("static", "guests")
    check_profile(config, root=root)
    assert profile_in_use(config) == "guests"


@pytest.mark.parametrize("config", [bare_config(), labelled("none")])
def test_who_asks_for_none_has_none(config: DomainConfig, tmp_path: Path) -> None:
    check_profile(config, root=tmp_path)
    assert profile_in_use(config) is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (labelled("static", "nosuch"), "'nosuch', which is not loaded"),
        (labelled("dynamic"), "none"),
    ],
)
def test_what_is_not_there_is_refused(config: DomainConfig, words: str, root: Path) -> None:
    with pytest.raises(ResourceUnavailable, match=words):
        check_profile(config, root=root)


def test_a_host_without_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match="no AppArmor"):
        check_profile(labelled("static", "guests"), root=tmp_path)
