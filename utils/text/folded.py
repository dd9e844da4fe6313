"""Text as people compare it: without regard to case, or to how a letter with a mark is encoded."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Equal for texts that look the same but for case: Unicode's canonical caseless matching.

    Composed (NFC) and casefolded: "Straße" is "STRASSE", and "é" is "e" with its accent behind it,
    as macOS writes names.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
