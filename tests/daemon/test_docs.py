"""What the pages for administrators say holds: their settings are taken, their options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiovirt.daemon.access.policyfile import load_policy
from aiovirt.daemon.options import read_options
from aiovirt.daemon.settings import read_settings

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "daemon.md", *sorted(DOCS.glob("connect-*.md"))]
TOML = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("text", TOML)
def test_settings_and_rules_are_taken(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    if "[[rule]]" in text:
        load_policy(path)
    else:
        read_settings(text, path)


def test_every_option_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help", "--version"}
    page = (DOCS / "daemon.md").read_text(encoding="utf-8")
    assert {option for option in options if option not in page} == set()


def test_pages_lead_to_pages_that_are_there() -> None:
    links = {
        link for page in PAGES for link in re.findall(r"\]\(([a-z-]+\.md)\)", page.read_text())
    }
    assert {link for link in links if not (DOCS / link).exists()} == set()
