"""Terms: what a text is found by. A text and a query are cut into them in the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, groupby

from utils.text.folded import folded
from utils.text.unmarked import PLAIN_LETTERS

_ASCII_WORD = re.compile("[0-9a-z]+")
# Scripts that put no space between words: each character is a term.
_UNSPACED = (
    *("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "YI "),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"),
)
_OPTIONAL_MARKS = ("ARABIC", "HEBREW")  # vowels that most people leave out
_CHARACTERS_KNOWN = 65_536


def terms(text: str) -> list[str]:
    """In the order of the text. None holds a space."""
    return list(chain.from_iterable(phrases(text)))


def phrases(text: str) -> Iterator[tuple[str, ...]]:
    """Terms in groups: those of a group follow one another, as a word without spaces does.

    Letters are compared without case and marks, so that "munchen" and "München" are one term.
    Nothing is stemmed, and no word is too common to count.
    """
    if text.isascii():
        for word in _ASCII_WORD.findall(text.lower()):
            yield (word,)
        return
    for chunk in _plain(text).split():
        for stands_alone, characters in groupby(chunk, _stands_alone):
            run = tuple(characters)
            yield run if stands_alone else ("".join(run),)


def _plain(text: str) -> str:
    """Folded, without marks, and with a space for all that is no part of a word."""
    letters = folded(unicodedata.normalize("NFKC", text))
    bare = "".join(map(_without_mark, unicodedata.normalize("NFKD", letters)))
    return "".join(map(_of_a_word, folded(unicodedata.normalize("NFKC", bare))))


@lru_cache(maxsize=_CHARACTERS_KNOWN)
def _without_mark(character: str) -> str:
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    is_mark = "\u0300" <= character <= "\u036f" or (
        category == "Mn" and name.startswith((*_OPTIONAL_MARKS, "VARIATION SELECTOR"))
    )
    return "" if is_mark or category == "Cf" else PLAIN_LETTERS.get(character, character)


@lru_cache(maxsize=_CHARACTERS_KNOWN)
def _of_a_word(character: str) -> str:
    """Letters, digits, and the marks that words of many scripts cannot do without."""
    return character if unicodedata.category(character)[0] in "LNM" else " "


@lru_cache(maxsize=_CHARACTERS_KNOWN)
def _stands_alone(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED)
