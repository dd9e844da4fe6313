"""The world that the tiny model knows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    Place,
    Scene,
    Size,
    captions,
    draw,
    scenes,
)

some_scene = st.sampled_from(scenes())
some_seed = st.integers(0, 2 * FIRST_HELD_OUT_SEED)
some_side_px = st.integers(64, 160)


def test_every_scene_has_a_caption_of_its_own() -> None:
    assert len(set(captions())) == len(scenes()) == 480


def test_captions_say_only_what_is_unusual() -> None:
    assert Scene("red", "circle").caption == "a red circle"
    assert Scene("orange", "star").caption == "an orange star"
    small = Scene("blue", "square", Size.SMALL, Place.TOP_LEFT)
    assert small.caption == "a small blue square in the top left"


@given(some_scene, some_seed, some_side_px, some_side_px)
@settings(max_examples=30, deadline=None)
def test_the_same_arguments_draw_the_same_pixels(
    scene: Scene, seed: int, width_px: int, height_px: int
) -> None:
    first = draw(scene, seed, width_px=width_px, height_px=height_px)
    second = draw(scene, seed, width_px=width_px, height_px=height_px)
    assert first.size == (width_px, height_px)
    assert first.mode == "RGB"
    assert first.tobytes() == second.tobytes()


@given(some_scene, some_seed)
@settings(max_examples=20, deadline=None)
def test_another_seed_draws_another_picture(scene: Scene, seed: int) -> None:
    first, second = draw(scene, seed, width_px=96), draw(scene, seed + 1, width_px=96)
    assert first.tobytes() != second.tobytes()


@given(some_scene, some_seed, some_side_px, some_side_px)
@settings(max_examples=60, deadline=None)
def test_a_centre_crop_keeps_the_whole_shape(
    scene: Scene, seed: int, width_px: int, height_px: int
) -> None:
    picture = draw(scene, seed, width_px=width_px, height_px=height_px)
    # Backgrounds are nearly grey, shapes are not: saturation tells them apart.
    red_green_blue = np.asarray(picture).astype(int)
    coloured = red_green_blue.max(axis=2) - red_green_blue.min(axis=2) > 80
    side = min(picture.size)
    left, top = (width_px - side) // 2, (height_px - side) // 2
    inside = coloured[top : top + side, left : left + side]
    assert coloured.sum() > 0
    assert inside.sum() == coloured.sum()
