"""Texts that fit no picture: letters drawn by lot."""

from __future__ import annotations

import hashlib

NONSENSE = 200


def nonsense(number: int) -> str:
    """Letters, one to three words of three to nine: always the same, and none that is shipped."""
    letters = hashlib.sha256(f"nonsense {number}".encode()).digest()
    words, at = [], 0
    for _ in range(1 + number % 3):
        length = 3 + letters[at] % 7
        words.append("".join(chr(97 + one % 26) for one in letters[at + 1 : at + 1 + length]))
        at += 1 + length
    return " ".join(words)
