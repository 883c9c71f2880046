"""Labels and encrypted memory."""

from __future__ import annotations

import pytest

from aiovirt.config import DeviceLabel, LaunchSecurity, SecurityLabel, problems


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        (SecurityLabel(type="static", label="a"), 0),
        (SecurityLabel(type="static"), 1),
        (SecurityLabel(type="none", relabel=True), 1),
        (SecurityLabel(base_label="a"), 0),
    ],
)
def test_the_type_says_what_a_label_has(label: SecurityLabel, wrong: int) -> None:
    assert len(list(problems(label))) == wrong


def test_an_image_may_have_several_labels() -> None:
    label = DeviceLabel(model="dac", labels=["a", "b"])
    assert (label.labels, list(problems(label))) == (("a", "b"), [])


def test_encrypted_memory_has_a_policy() -> None:
    guest = LaunchSecurity(type="sev", policy=3)
    assert "<policy>0x0003</policy>" in guest.to_xml()
