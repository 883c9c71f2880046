"""What two answers of virsh have in common."""

from __future__ import annotations

import pytest
from likeness import Likeness, form, likeness


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (" 1   vm1   running\n", " 22   vm1   running\n"),
        (
            "UUID: 0a81f5b2-8403-4b23-88d6-21ccc2f80d6f",
            "UUID: 00000000-8403-4b23-88d6-21ccc2f80d6f",
        ),
        ("Using library: libvirt 9.0.0", "Using library: libvirt 11.3.0"),
        ("Path: /tmp/a/v1.img", "Path: /tmp/a/v1.img"),
        ("<domain type='test' id='1'><a/></domain>", "<domain id='2' type='test'>\n <a/></domain>"),
        ("/dev/pts/3", "/dev/pts/17"),
    ],
)
def test_ids_times_and_versions_may_differ(theirs: str, ours: str) -> None:
    assert likeness(theirs, ours) is Likeness.SAME


def test_other_values_under_the_same_labels_are_of_the_same_form() -> None:
    assert likeness("CPU model: x86_64\nCPU(s): 2", "CPU model: i686\nCPU(s): 16") is Likeness.FORM


def test_a_missing_label_is_another_answer() -> None:
    assert likeness("Id: 1\nName: a", "Id: 1") is Likeness.OTHER


def test_the_form_of_a_document_is_its_root_and_what_stands_in_it() -> None:
    assert form("<pool type='dir'><name>a</name></pool>") == {"pool", "pool/name"}


def test_figures_that_change_are_no_difference() -> None:
    assert likeness("rss 512\nlast 7", "last 9\nrss 4", figures=True) is Likeness.SAME


def test_the_folder_may_have_another_name() -> None:
    assert likeness("FOLDER/a", "/tmp/x/a", "/tmp/x") is Likeness.SAME
