"""In which profile of AppArmor a guest runs, on a made-up host."""

from __future__ import annotations

from pathlib import Path

import pytest
from apparmorhost import AppArmorHost
from guests import bare_config

from aiovirt.config import Disk, DomainConfig, SecurityLabel
from aiovirt.config.security import DeviceLabel
from aiovirt.drivers.qemu.process.profiles import (
    choose_profile,
    has_own_profile,
    profile_in_use,
    untouched,
)
from aiovirt.errors import ResourceUnavailable, XMLError
from aiovirt.host.labels import apparmor, selinux

pytestmark = pytest.mark.real


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a host with AppArmor and one profile."""
    made = AppArmorHost(tmp_path / "host")
    made.holds("guests")
    return made.root


def labelled(
    kind: str | None, label: str | None = None, model: str | None = "apparmor"
) -> DomainConfig:
    config = bare_config()
    config.labels.append(SecurityLabel(model=model, type=kind, label=label))
    return config


def test_a_profile_that_is_loaded_is_used(root: Path) -> None:
    config = labelled("static", "guests")
    assert not choose_profile(config, root=root)
    assert profile_in_use(config) == "guests"
    assert not has_own_profile(config)


@pytest.mark.parametrize(
    "config", [bare_config(), labelled("none"), labelled("dynamic", model=None)]
)
def test_a_host_without_it_has_none_for_who_asks_for_none(
    config: DomainConfig, tmp_path: Path
) -> None:
    assert not choose_profile(config, root=tmp_path)
    assert profile_in_use(config) is None


@pytest.mark.parametrize("model", ["apparmor", None])
def test_who_wants_none_has_none(root: Path, model: str | None) -> None:
    config = labelled("none", model=model)
    assert not choose_profile(config, root=root)
    assert profile_in_use(config) is None


@pytest.mark.parametrize(
    "config",
    [bare_config(), labelled("dynamic"), labelled(None), labelled("dynamic", model=None)],
)
def test_a_guest_has_one_of_its_own(config: DomainConfig, root: Path) -> None:
    config = config.copy()
    assert choose_profile(config, root=root)
    (label,) = config.labels
    name = f"libvirt-{config.uuid}"
    assert (label.model, label.type or "dynamic", label.relabel) == ("apparmor", "dynamic", True)
    assert label.label == label.image_label == profile_in_use(config) == name
    assert has_own_profile(config)


def test_where_selinux_is_the_chief_it_must_be_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selinux, "enabled", lambda: True)
    assert not choose_profile(bare_config(), root=root)
    assert choose_profile(labelled("dynamic"), root=root)


def test_a_profile_that_is_not_loaded_is_refused(root: Path) -> None:
    with pytest.raises(ResourceUnavailable, match="'nosuch', which is not loaded"):
        choose_profile(labelled("static", "nosuch"), root=root)


def test_a_base_label_is_refused_where_it_stands(root: Path) -> None:
    config = labelled("dynamic")
    config.labels[0].base_label = "guests"
    with pytest.raises(XMLError, match="base label"):
        choose_profile(config, root=root)


def test_a_host_without_it_is_named(tmp_path: Path) -> None:
    for config in (labelled("static", "guests"), labelled("dynamic")):
        with pytest.raises(ResourceUnavailable, match="no AppArmor"):
            choose_profile(config, root=tmp_path)


def test_a_host_that_cannot_make_profiles_makes_none_unasked(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apparmor, "_PATH", str(tmp_path))
    assert not choose_profile(bare_config(), root=root)
    with pytest.raises(ResourceUnavailable, match="apparmor_parser"):
        choose_profile(labelled("dynamic"), root=root)


@pytest.mark.parametrize(
    ("label", "left_out"),
    [
        (DeviceLabel(model="apparmor", relabel=False), True),
        (DeviceLabel(model="apparmor", relabel=True), False),
        (DeviceLabel(model="dac", relabel=False), False),
        (DeviceLabel(relabel=False), False),
    ],
    ids=["not", "relabelled", "another model", "all models"],
)
def test_a_disk_may_be_left_to_the_template(label: DeviceLabel, *, left_out: bool) -> None:
    disk = Disk.file("/images/a")
    disk.source.labels.append(label)
    assert untouched([disk]) == (frozenset({"/images/a"}) if left_out else frozenset())
