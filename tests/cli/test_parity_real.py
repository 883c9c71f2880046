"""What every asking command of virsh prints, aiovirt's verb of that name prints, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clirun import Run, squeezed
from libvirtlab import Lab
from virshtraces import GROUPS, Answer, Group, run_group

pytestmark = pytest.mark.real

OURS = {
    "version": "aiovirt has a version of its own, and no library beneath",
    "event": "one kind of event here may be two in virsh",
    "perf": "virsh prints nothing with --quiet",
    "emulatorpin": "virsh leaves the heading out with --quiet",
    "qemu-monitor-command": "virsh shows libvirt's own wrapping of the answer",
    "domjobinfo": "libvirt tells of a completed job once only",
}
"""Verbs whose words differ, and why."""


def shape(text: str) -> list[str]:
    """The lines of an answer that changes from call to call: without figures, in any order."""
    return sorted(re.sub(r"[-+.\d]+", "#", line) for line in text.splitlines())


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_answers_are_the_same(
    group: Group, lab: Lab, lab_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    different = []
    for command, argv, output in run_group(lab, group, tmp_path):
        if command.answer is Answer.ACTS or argv[0] in OURS:
            continue
        ours = squeezed(lab_run("-q", *argv, driver=group.driver).out)
        theirs = squeezed(output)
        same = ours == theirs
        if command.answer is Answer.CHANGES:
            same = shape(ours) == shape(theirs)
        if not same:
            different.append(f"{' '.join(argv)}:\n--- virsh\n{theirs}\n--- aiovirt\n{ours}")
    assert not different, "\n\n".join(different)
