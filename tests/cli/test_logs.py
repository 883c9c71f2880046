"""Warnings of the library are the command line's own."""

from __future__ import annotations

import logging

import pytest

from aiovirt.cli.logs import warnings_shown


def test_a_warning_is_a_line_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings_shown():
        logging.getLogger("aiovirt.qemu").info("nothing")
        logging.getLogger("aiovirt.qemu").warning("status of %s:\n no room", "web1")
    logging.getLogger("aiovirt.qemu").warning("afterwards")
    assert capsys.readouterr().err.startswith("warning: status of web1: no room\n")
