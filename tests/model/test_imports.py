"""The values of this floor cost nothing: no XML library, no event loop."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import aiovirt.model.addresses, aiovirt.model.mac, aiovirt.model.units
print(*sorted({"lxml", "anyio", "asyncio"} & set(sys.modules)))
"""


def test_values_load_neither_xml_nor_event_loops() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
