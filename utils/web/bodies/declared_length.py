"""What a Content-Length header says, whatever stands in it."""

from __future__ import annotations

import sys

_DIGITS = 18  # more do not fit into what a server counts with


def declared_bytes(content_length: str | None) -> int:
    """0 where the header is missing or no number. Never raises, however long it is."""
    text = content_length or ""
    if not (text.isascii() and text.isdecimal()):
        return 0
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else sys.maxsize
