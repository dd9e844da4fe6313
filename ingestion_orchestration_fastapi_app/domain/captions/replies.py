"""What of a captioner's answer is kept: foreign text, bounded and without what steers a reader."""

from __future__ import annotations

import unicodedata

from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.text.blank import is_blank
from utils.text.storable import storable

MOST_CHARACTERS = 4000  # a page of words, which no caption needs
_READ_CHARACTERS = 64 * 1024
_THOUGHT_END = "</think>"
_JOINERS = "\u200c\u200d"  # format characters that scripts and emoji are written with


def cleaned_caption(text: str, *, most_words: int | None = None) -> str | Rejected:
    """In one line, without controls and marks that turn the order round.

    What is too long ends with a word; one that has none of its own is refused.
    """
    kept = "".join(map(_kept, storable(text[:_READ_CHARACTERS])))
    words = kept.split()
    if most_words is not None:
        words = words[:most_words]
    caption = _shortened(" ".join(words))
    if is_blank(caption):
        return Rejected(ErrorCode.CAPTION_REFUSED, "The captioner found no word.")
    return caption


def thought_out(text: str) -> str:
    """Without what a model that reasons first wrote down of that."""
    end = text.rfind(_THOUGHT_END)
    return text[end + len(_THOUGHT_END) :] if end >= 0 else text


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and character not in _JOINERS else character


def _shortened(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    whole, space, _ = text[: MOST_CHARACTERS + 1].rpartition(" ")
    return whole if space else text[:MOST_CHARACTERS]
