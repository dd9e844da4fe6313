"""Text of programs that did not say how they encode it: UTF-8, Windows-1252 or Mac Roman."""

from __future__ import annotations

import re

_ESCAPED = re.compile("[\udc80-\udcff]")
_MAX_JUDGED = 4096
_RARE = frozenset("ŠšŽžŸÿƒˆ˜¨´¸¯¦¤¬†‡‰‹›∂∑∏π∫Ω√≈≠≤≥∞∆◊ıﬁﬂ˘˙˚˝˛ˇµ¶ªº")
_UNUSED = frozenset(b"\x81\x8d\x8f\x90\x9d")  # by Windows-1252
_JOINING = frozenset("'’‘-–—·")  # stand between letters in sound text


def decoded_text(data: bytes) -> str:
    """UTF-8 where it is that, whatever is declared; else what looks more like words."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return old_text(data, mac=is_mac_roman(data))


def old_text(data: bytes, *, mac: bool) -> str:
    """Windows-1252, whose five unused bytes are read as Latin-1's, or Mac Roman."""
    if mac:
        return data.decode("mac_roman")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(
            chr(byte) if byte in _UNUSED else bytes((byte,)).decode("cp1252") for byte in data
        )


def is_mac_roman(data: bytes) -> bool:
    """Where Windows-1252 has a capital or a sign within a word and Mac Roman has a letter.

    What may be either is Windows-1252, as exiftool reads it.
    """
    data = data[:_MAX_JUDGED]
    return _oddness(old_text(data, mac=True)) < _oddness(old_text(data, mac=False))


def _oddness(text: str) -> int:
    """How often a letter stands where none would in words."""
    odd = 0
    for before, letter, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if letter.isascii():
            continue
        odd += letter in _RARE or not letter.isprintable()
        if letter.isalpha():
            odd += 2 * (letter.isupper() and before.islower())
            odd += 2 * (letter.isupper() and before.isalpha() and after.islower())
            odd += letter.islower() and after.isupper()
        elif letter not in _JOINING:
            odd += 2 * (before.isalpha() and after.isalpha())
    return odd


def mended_utf8(data: bytes) -> str:
    """UTF-8; bytes that are none are read by themselves, as Windows-1252."""
    text = data.decode("utf-8", "surrogateescape")
    return _ESCAPED.sub(lambda found: old_text(bytes((ord(found[0]) - 0xDC00,)), mac=False), text)
