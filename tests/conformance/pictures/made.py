"""A file of one kind, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True, slots=True)
class Made:
    """`most` is the largest mean difference to `shown`, of 255, that a right reader leaves."""

    make: Callable[[], bytes]
    shown: Callable[[], Image.Image]
    most: float = 1.0
