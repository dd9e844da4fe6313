"""Whether a text shows nothing: what is searched by it would be what the model makes of silence."""

from __future__ import annotations

import unicodedata

# Letters, marks and symbols by category that nobody sees: fillers of Hangul, the empty Braille
# cell, joiners and selectors.
_UNSEEN = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x180B, 0x180C])
) | frozenset(map(chr, [0x180D, 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))


def is_blank(text: str) -> bool:
    """White space, control and format characters, and such as show nothing; also no text at all.

    What has no meaning yet (unassigned, private) may show something.
    """
    return all(_shows_nothing(character) for character in text)


def _shows_nothing(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "Z" or category in ("Cc", "Cf", "Cs") or character in _UNSEEN
