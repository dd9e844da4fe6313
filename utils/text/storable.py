"""Text as UTF-8 can hold it."""

from __future__ import annotations

import re

_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """What stands for undecodable bytes, as in names of files, becomes U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
