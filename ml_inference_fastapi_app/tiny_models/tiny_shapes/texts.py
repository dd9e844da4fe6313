"""What can be said of the tiny world's scenes, and how true it is: the targets of the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    COLOURS,
    SHAPES,
    Place,
    Scene,
    Size,
    scenes,
)

_LOOSE_WEIGHT = 0.3  # of a picture's target: captions that are true of it and say less


# How many colours, shapes, sizes and places there are.
PART_KINDS = [len(COLOURS), len(SHAPES), len(Size), len(Place)]


def all_parts() -> list[list[int]]:
    """Each scene as the numbers of its colour, shape, size and place."""
    kinds: list[list[str]] = [list(COLOURS), list(SHAPES), list(Size), list(Place)]
    return [
        [kind.index(part) for kind, part in zip(kinds, _named(scene), strict=True)]
        for scene in scenes()
    ]


def _named(scene: Scene) -> tuple[str, str, str, str]:
    return scene.colour, scene.shape, scene.size, scene.place


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that may be said: the world's captions, `broad` ones, the captions reworded.

    `truth` has shape (scenes, texts); each row is the target of that scene's pictures, sum 1.
    """

    texts: tuple[str, ...]
    truth: npt.NDArray[np.float32]
    broad: int


def all_texts() -> Texts:
    world = scenes()
    texts = [scene.caption for scene in world]
    columns = [
        [0.0 if seen == said else _looseness(seen, said) for seen in world] for said in world
    ]
    broad = tuple(_broad_texts())
    for text, fits in (*broad, *_reworded_captions()):
        texts.append(text)
        columns.append([1.0 if fits(scene) else 0.0 for scene in world])
    truth = np.array(columns, np.float32).T
    truth *= _LOOSE_WEIGHT / truth.sum(axis=1, keepdims=True)
    truth[:, : len(world)] += (1 - _LOOSE_WEIGHT) * np.eye(len(world), dtype=np.float32)
    return Texts(tuple(texts), truth, len(broad))


def _looseness(seen: Scene, said: Scene) -> float:
    """How much the caption of `said` is also one of `seen`: it names less, and nothing wrong."""
    if (seen.colour, seen.shape) != (said.colour, said.shape):
        return 0.0
    size_fits = said.size in (Size.NORMAL, seen.size)
    place_fits = said.place in (Place.MIDDLE, seen.place)
    if not (size_fits and place_fits):
        return 0.0
    return 4.0 if said == Scene(said.colour, said.shape) else 0.5


def _broad_texts() -> Iterator[tuple[str, Callable[[Scene], bool]]]:
    for shape in SHAPES:
        yield f"a {shape}", partial(_is, shape=shape)
    for colour in COLOURS:
        yield f"something {colour}", partial(_is, colour=colour)
    for place in Place:
        if place is not Place.MIDDLE:
            yield f"something {place.value}", partial(_is, place=place)
    for side in ("left", "right"):
        yield f"something on the {side}", partial(_lies, word=side)
    for side in ("top", "bottom"):
        yield f"something at the {side}", partial(_lies, word=side)


def _reworded_captions() -> Iterator[tuple[str, Callable[[Scene], bool]]]:
    for scene in scenes():
        if scene.size is Size.NORMAL:
            text = scene.caption.removeprefix("an ").removeprefix("a ")
            yield f"a large {text}", scene.__eq__


def _lies(scene: Scene, word: str) -> bool:
    return word in scene.place.value.split()


def _is(
    scene: Scene, shape: str | None = None, colour: str | None = None, place: Place | None = None
) -> bool:
    wanted = (shape, colour, place)
    shown = (scene.shape, scene.colour, scene.place)
    return all(want in (None, show) for want, show in zip(wanted, shown, strict=True))
