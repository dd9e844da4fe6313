"""The neutral texts, as they are shipped: one a line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_METHOD = 2  # of scores and noise: by another one they are no longer what they were


@dataclass(frozen=True, slots=True)
class ShippedTexts:
    """`sentences` are of many subjects, in an order that has no meaning; `nonsense` is letters
    drawn by lot, one to three words of three to nine.
    """

    sentences: tuple[str, ...]
    nonsense: tuple[str, ...]

    @property
    def all_of_them(self) -> tuple[str, ...]:
        return self.sentences + self.nonsense

    @property
    def digest(self) -> str:
        """Of the texts, and of what is made of them: with another method a calibration is made
        anew, whose noise would else be that of other scores.
        """
        said = "\n".join((*self.sentences, "", *self.nonsense, "", str(_METHOD)))
        return hashlib.sha256(said.encode()).hexdigest()


def shipped_texts() -> ShippedTexts:
    """Blocking."""
    return ShippedTexts(_lines("sentences.txt"), _lines("nonsense.txt"))


def _lines(name: str) -> tuple[str, ...]:
    return tuple((_FOLDER / name).read_text(encoding="utf-8").splitlines())
