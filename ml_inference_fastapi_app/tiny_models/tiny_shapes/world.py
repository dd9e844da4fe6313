"""The tiny world: coloured shapes in a place, each picture with the one caption that is true of it.

Pillow only, no torch: the demo folder, the tests and the training draw from here.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (215, 30, 35),
    "orange": (245, 130, 20),
    "yellow": (245, 220, 35),
    "green": (35, 150, 55),
    "cyan": (30, 195, 215),
    "blue": (35, 65, 205),
    "purple": (125, 45, 165),
    "pink": (245, 120, 180),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")

# Seeds from here on are never trained on: what is drawn with them is new to the model.
FIRST_HELD_OUT_SEED = 1_000_000


class Size(StrEnum):
    NORMAL = "normal"
    SMALL = "small"


class Place(StrEnum):
    MIDDLE = "in the middle"
    TOP_LEFT = "in the top left"
    TOP_RIGHT = "in the top right"
    BOTTOM_LEFT = "in the bottom left"
    BOTTOM_RIGHT = "in the bottom right"


# Centre of the shape, in sides of the picture's centre square.
_CENTRES: dict[Place, Point] = {
    Place.MIDDLE: (0.5, 0.5),
    Place.TOP_LEFT: (0.27, 0.27),
    Place.TOP_RIGHT: (0.73, 0.27),
    Place.BOTTOM_LEFT: (0.27, 0.73),
    Place.BOTTOM_RIGHT: (0.73, 0.73),
}
_RADII = {Size.NORMAL: (0.21, 0.25), Size.SMALL: (0.115, 0.14)}
_REACH = 1.18  # of a star's tip, in radii: no shape goes farther, however it is turned
_OVERSAMPLING = 2  # Pillow draws without antialiasing: draw larger, then reduce


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture shows. Everything else about it (exact size, shades) is the seed's.

    Without a colour of its own the ground is nearly grey, and not worth saying.
    """

    colour: str
    shape: str
    size: Size = Size.NORMAL
    place: Place = Place.MIDDLE
    ground: str | None = None

    @property
    def caption(self) -> str:
        """Size, place and ground are said only where they are not the usual: "a red circle"."""
        words = ["small"] if self.size is Size.SMALL else []
        words += [self.colour, self.shape]
        if self.place is not Place.MIDDLE:
            words.append(self.place.value)
        if self.ground is not None:
            words.append(f"on {_with_article(self.ground)} background")
        return _with_article(" ".join(words))


def _with_article(text: str) -> str:
    return f"an {text}" if text[0] in "aeiou" else f"a {text}"


@functools.cache
def scenes() -> tuple[Scene, ...]:
    """Every scene of the world on a grey ground, in a fixed order."""
    return tuple(
        Scene(colour, shape, size, place)
        for colour, shape, size, place in product(COLOURS, SHAPES, Size, Place)
    )


@functools.cache
def coloured_scenes() -> tuple[Scene, ...]:
    """Those of `scenes` on a ground of every other colour, in a fixed order."""
    return tuple(
        replace(scene, ground=ground)
        for scene, ground in product(scenes(), COLOURS)
        if ground != scene.colour
    )


def captions() -> tuple[str, ...]:
    """Every caption of the world, in the order of `scenes`; no two are alike."""
    return tuple(scene.caption for scene in scenes())


def draw(scene: Scene, seed: int, *, width_px: int, height_px: int | None = None) -> Image.Image:
    """An RGB picture of the scene; square without `height_px`. The same arguments, the same pixels.

    What matters lies in the centre square, so that a centre crop keeps it.
    """
    height_px = height_px or width_px
    dice = random.Random(f"{seed}:{scene.caption}")  # noqa: S311  # pictures, not secrets
    picture = _background(dice, width_px, height_px, ground=scene.ground)
    mask = _mask(scene, dice, width_px, height_px)
    picture.paste(_varied(COLOURS[scene.colour], dice, spread=16), mask=mask)
    if dice.random() < 0.3:
        blur_px = dice.uniform(0, 0.006) * min(width_px, height_px)
        picture = picture.filter(ImageFilter.GaussianBlur(blur_px))
    return picture


def _mask(scene: Scene, dice: random.Random, width_px: int, height_px: int) -> Image.Image:
    side = min(width_px, height_px) * _OVERSAMPLING
    left = (width_px * _OVERSAMPLING - side) / 2
    top = (height_px * _OVERSAMPLING - side) / 2
    centre_x, centre_y = _CENTRES[scene.place]
    centre_x += dice.uniform(-0.03, 0.03)
    centre_y += dice.uniform(-0.03, 0.03)
    radius = dice.uniform(*_RADII[scene.size])
    margin = radius * _REACH
    x = left + side * min(max(centre_x, margin), 1 - margin)
    y = top + side * min(max(centre_y, margin), 1 - margin)
    radius *= side
    turn = math.radians(dice.uniform(-10, 10))
    mask = Image.new("L", (width_px * _OVERSAMPLING, height_px * _OVERSAMPLING), 0)
    pen = ImageDraw.Draw(mask)
    if scene.shape in ("circle", "ring"):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        if scene.shape == "ring":
            hole = radius * dice.uniform(0.52, 0.6)
            pen.ellipse((x - hole, y - hole, x + hole, y + hole), fill=0)
    else:
        corners = _corners(scene.shape)
        pen.polygon(list(_placed(corners, x=x, y=y, radius=radius, turn=turn)), fill=255)
    return mask.reduce(_OVERSAMPLING)


def _placed(
    corners: tuple[Point, ...], *, x: float, y: float, radius: float, turn: float
) -> Iterator[Point]:
    for u, v in corners:
        yield (
            x + radius * (u * math.cos(turn) - v * math.sin(turn)),
            y + radius * (u * math.sin(turn) + v * math.cos(turn)),
        )


@functools.cache
def _corners(shape: str) -> tuple[Point, ...]:
    """Corners around (0, 0) at a radius of about 1, y downwards."""
    match shape:
        case "square":
            return ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85))
        case "triangle":
            return ((0.0, -1.05), (1.0, 0.75), (-1.0, 0.75))
        case "star":
            spikes = range(10)
            lengths = (1.15, 0.45)
            return tuple(
                (
                    lengths[i % 2] * math.sin(i * math.pi / 5),
                    -lengths[i % 2] * math.cos(i * math.pi / 5),
                )
                for i in spikes
            )
        case "cross":
            arm = 0.32
            quarter = ((arm, -1.0), (arm, -arm), (1.0, -arm))
            corners: list[Point] = []
            for _ in range(4):
                corners += quarter
                quarter = tuple((-v, u) for u, v in quarter)  # type: ignore[assignment]  # stays 3
            return tuple(corners)
        case _:
            raise ValueError(f"no corners are known of {shape!r}")


def _background(
    dice: random.Random, width_px: int, height_px: int, *, ground: str | None
) -> Image.Image:
    """A quiet ground: plain, a gradient, or grainy. Nearly grey, light or dark, without a colour.

    The dice of a grey one fall as ever: its pictures are what tiny-shapes was trained on.
    """
    if ground is None:
        level = dice.choice((dice.randint(195, 250), dice.randint(10, 75)))
        colour = _varied((level, level, level), dice, spread=8)
    else:
        colour = _varied(COLOURS[ground], dice, spread=16)
    picture = Image.new("RGB", (width_px, height_px), colour)
    kind = dice.random()
    if kind < 0.35:
        other = Image.new("RGB", picture.size, _varied(colour, dice, spread=22))
        ramp = Image.linear_gradient("L").rotate(90 * dice.randrange(4)).resize(picture.size)
        return Image.composite(picture, other, ramp)
    if kind < 0.7:
        cells = dice.randint(4, 64)
        grain = Image.frombytes("RGB", (cells, cells), dice.randbytes(3 * cells * cells))
        grain = grain.resize(picture.size, Image.Resampling.BILINEAR)
        return Image.blend(picture, grain, dice.uniform(0.02, 0.09))
    return picture


def _varied(colour: Colour, dice: random.Random, *, spread: int) -> Colour:
    red, green, blue = (min(255, max(0, part + dice.randint(-spread, spread))) for part in colour)
    return red, green, blue
