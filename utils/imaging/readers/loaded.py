"""What a reader gives: a Pillow image as it is stored, and what is left to do with it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from utils.imaging.colour.code_points import CodePoints


@dataclass(frozen=True, slots=True)
class Loaded:
    """`size` is that of the whole picture as stored; `image` may be scaled down by a whole factor.

    `turn` is EXIF's orientation, 1 where the reader turned the picture. `partial`: rows at the
    bottom could not be read and are grey. `points`: its colours, where its reader found them said.
    """

    image: Image.Image
    size: tuple[int, int]
    turn: int
    partial: bool = False
    points: CodePoints | None = None
