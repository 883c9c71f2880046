"""How the comparison with libvirt's esx driver counts."""

from __future__ import annotations

from esxlikeness import Score, settings


def test_the_order_of_settings_is_no_difference() -> None:
    assert settings('a = "1"\nB = "2"', 'b = "2"\n\nA="1"') == []


def test_each_setting_that_differs_is_told() -> None:
    found = settings('a = "1"\nb = "2"', 'b = "3"\nc = "4"')
    assert [kind for kind, _ in found] == ["lacks a", "other b", "has   c"]


def test_what_is_told_beyond_libvirt_is_counted_apart() -> None:
    score = Score()
    score.add("one", [("has   domain/devices/sound", "<sound model='es1371'></>")])
    score.add("two", [("lacks domain/devices/sound", "<sound model='es1371'></>")])
    score.add("three", [])
    assert (score.equal, score.same, score.compared) == (1, 2, 3)


def test_a_disk_of_scsi_that_libvirt_does_not_tell_is_a_difference() -> None:
    score = Score()
    score.add("one", [("has   domain/devices/disk", "<disk type='file'><target bus='scsi'></></>")])
    assert score.same == 0


def test_two_refusals_are_the_same_and_one_is_not() -> None:
    score = Score()
    theirs = {"both": "refused: a", "one": "refused: a"}
    score.compare(theirs, {"both": "refused: b", "one": "<domain/>"}, settings)
    assert (score.same, score.compared) == (1, 2)
