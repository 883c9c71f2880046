"""The quotes of attributes as libvirt writes them: scripts look for ``type='disk'`` in its XML.

It works on text that lxml has written, where a tag has neither ``<`` nor ``>`` inside.
"""

from __future__ import annotations

import re

__all__ = ["with_single_quotes"]

_TAGS = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<[^<>]*>", re.DOTALL)


def with_single_quotes(text: str) -> str:
    """The same document, with single quotes around the values of attributes."""
    return _TAGS.sub(_tag, text)


def _tag(found: re.Match[str]) -> str:
    tag = found[0]
    # double quotes stand around values only: within them they are entities
    return tag if tag[1] in "!?" else tag.replace("'", "&apos;").replace('"', "'")
