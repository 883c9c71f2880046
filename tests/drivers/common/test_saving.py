"""What saving and restoring is asked for."""

from __future__ import annotations

import pytest

from aiovirt.drivers.common.saving import file_and_config, wants_running
from aiovirt.errors import CallerError
from aiovirt.model.constants import DomainSaveRestoreFlags as Flags
from aiovirt.model.params import ParamType, Typed


@pytest.mark.parametrize(
    ("flags", "running"), [(0, None), (Flags.RUNNING, True), (Flags.PAUSED | 1, False)]
)
def test_flags_say_whether_it_runs(flags: int, running: object) -> None:
    assert wants_running(flags) is running


def test_it_cannot_do_both() -> None:
    with pytest.raises(CallerError, match="either"):
        wants_running(Flags.RUNNING | Flags.PAUSED)


def test_parameters_name_the_file_and_the_document() -> None:
    path, config = file_and_config({"file": Typed(ParamType.STRING, "/a"), "dxml": "<domain/>"})
    assert path == "/a"
    assert config is not None
    assert file_and_config({}) == (None, None)


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(CallerError, match="'speed'"):
        file_and_config({"file": "/a", "speed": 1})
