"""Work on a guest whose process is killed amid it: the next one ends it, or takes all back."""

from __future__ import annotations

from pathlib import Path

import pytest
from killedwork import FORGETTING, RENAMED, killed_amid
from writers import open_writer

pytestmark = [pytest.mark.anyio, pytest.mark.real]

AMID = (("memory", "2500"), ("save", "2500"), ("save", RENAMED), ("unrecorded", FORGETTING))


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


async def test_what_a_killed_process_was_at_is_ended_or_taken_back(tmp_path: Path) -> None:
    """See `killedwork` for all of it, which the session `real` tries."""
    async with open_writer(tmp_path) as writer:
        await writer.start()
        for work, moment in AMID:
            await killed_amid(writer, work, moment)
