"""Names as people type them: without case and punctuation, and perhaps without marks."""

from __future__ import annotations

import re
import unicodedata

from utils.text.folded import folded

PLAIN_LETTERS = {
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}
_WORD = re.compile(r"[^\W_]+")


def unmarked(text: str) -> str:
    """Casefolded and without marks: "Łódź" is "lodz", "Straße" is "strasse"."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(PLAIN_LETTERS.get(one, one) for one in letters if not unicodedata.combining(one))


def name_key(name: str) -> str:
    """What two ways to write one name have in common: its words, folded, with spaces between."""
    return " ".join(_WORD.findall(folded(name)))
