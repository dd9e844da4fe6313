"""Broken files made of good ones; the same ones for the same number."""

from __future__ import annotations

import random
from collections.abc import Sequence

_TELLING = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def mutated(seeds: Sequence[bytes], number: int) -> bytes:
    """One to eight changes: bytes, numbers, cuts, parts doubled, and parts of another file."""
    dice = random.Random(number)
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(len(data) + 1)
        if dice.random() < 0.5:
            place = min(place, dice.randrange(512))  # headers are worth more than pixels
        length = dice.choice((1, 2, 4, 8, 64, 512))
        match dice.randrange(7):
            case 0:
                data[place : place + 1] = bytes((dice.randrange(256),))
            case 1:
                order = dice.choice(("little", "big"))
                data[place : place + 4] = dice.choice(_TELLING).to_bytes(
                    4, "little" if order == "little" else "big"
                )
            case 2:
                del data[place:]
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + length] * dice.randint(1, 9)
            case 5:
                other = dice.choice(seeds)
                start = dice.randrange(len(other))
                data[place : place + length] = other[start : start + length]
            case _:
                data[place : place + length] = bytes(length)
    return bytes(data)
