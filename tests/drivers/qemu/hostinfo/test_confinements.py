"""What a host says that keeps its guests apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from apparmorhost import AppArmorHost

from aiovirt.drivers.qemu.hostinfo.confinements import NOTHING, confinements
from aiovirt.drivers.qemu.store.settings import Owner

LABELS = ("system_u:system_r:svirt_t:s0", "system_u:system_r:svirt_tcg_t:s0")


def test_the_account_of_guests_is_told_by_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    first, second = confinements(Owner("guests", 107, 36), enabled=False)
    assert first == NOTHING
    assert (second.model, second.labels["kvm"]) == ("dac", "+107:+36")


def test_who_is_not_root_can_give_guests_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert list(confinements(None, enabled=False)) == [NOTHING]


def test_the_labels_of_selinux_are_told(tmp_path: Path) -> None:
    contexts = tmp_path / "targeted/contexts"
    contexts.mkdir(parents=True)
    (tmp_path / "config").write_text("SELINUXTYPE=targeted\n")
    (contexts / "virtual_domain_context").write_text("\n".join(LABELS))
    first = next(confinements(None, etc=tmp_path, enabled=True))
    assert (first.model, tuple(first.labels.values())) == ("selinux", LABELS)


def test_selinux_without_settings_is_told_without_labels(tmp_path: Path) -> None:
    first = next(confinements(None, etc=tmp_path, enabled=True))
    assert (first.model, dict(first.labels)) == ("selinux", {})


@pytest.mark.real
def test_apparmor_is_told_where_it_makes_profiles(tmp_path: Path) -> None:
    host = AppArmorHost(tmp_path / "host")
    first = next(confinements(None, enabled=False, root=host.root))
    assert (first.model, first.doi, dict(first.labels)) == ("apparmor", "0", {})


def test_without_any_there_is_nothing(tmp_path: Path) -> None:
    assert next(confinements(None, enabled=False, root=tmp_path)) == NOTHING
