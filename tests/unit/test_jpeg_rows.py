"""Of a JPEG that is damaged, what is stored shows at least 80 % of its rows, or nothing is."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.picture_files import encoded, scene
from utils.contract import ErrorCode
from utils.imaging.decoding import Decoded, ImageUnreadableError, open_upright

LIMIT = 50_000_000
PICTURE = scene(320, 240)
ENCODINGS: list[dict[str, Any]] = [
    {"quality": 90},
    {"quality": 40, "subsampling": 2},
    {"quality": 75, "subsampling": 0, "optimize": True},
    {"quality": 85, "restart_marker_rows": 1},
]


def opened(data: bytes) -> Decoded | None:
    """None where it is refused, with the right code."""
    try:
        return open_upright(data, min_side_px=10_000, max_pixels=LIMIT)
    except ImageUnreadableError as exc:
        assert exc.code is ErrorCode.DECODING_IMAGE  # noqa: PT017  # either is a right answer
        return None


def equal_rows(decoded: Decoded, whole: Decoded) -> int:
    same = (np.asarray(decoded.image) == np.asarray(whole.image)).all(axis=(1, 2))
    return int(same.argmin()) if not same.all() else len(same)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(options=st.sampled_from(ENCODINGS), keep=st.floats(0.01, 0.999))
def test_a_cut_jpeg_shows_most_of_its_rows_and_grey_below_or_nothing(
    options: dict[str, Any], keep: float
) -> None:
    data = encoded(PICTURE, **options)
    whole = opened(data)
    assert whole is not None
    cut = opened(data[: int(len(data) * keep)])
    if cut is None:
        assert keep < 0.9
        return
    rows = equal_rows(cut, whole)
    # A few bytes less may go unnoticed: the padding behind them is codes, too.
    assert rows < 240 if cut.partial else rows >= 240 - 18
    assert rows >= 0.8 * 240 - 16  # smoothing of colours reaches into the last row of blocks
    assert keep > 0.6


@pytest.mark.parametrize("options", ENCODINGS)
def test_once_enough_rows_are_there_more_bytes_never_make_it_worse(options: dict[str, Any]) -> None:
    data = encoded(PICTURE, **options)
    shown = [opened(data[: len(data) * percent // 100]) is not None for percent in range(1, 101)]
    assert shown == sorted(shown)
    assert not shown[60]
    assert shown[95]


def test_a_progressive_jpeg_cut_at_every_percent_is_coarse_or_a_code() -> None:
    data = encoded(PICTURE, quality=90, progressive=True)
    found = [opened(data[: len(data) * percent // 100]) for percent in range(1, 100)]
    assert [one is not None for one in found] == sorted(one is not None for one in found)
    for one in filter(None, found):
        assert one.partial
        apart = np.abs(np.asarray(one.image, np.float32) - np.asarray(PICTURE, np.float32))
        assert apart.mean() < 30


@pytest.mark.parametrize("options", ENCODINGS)
@pytest.mark.parametrize("kept", [0.5, 0.97])
def test_zeros_in_the_place_of_the_rest_are_no_picture(
    options: dict[str, Any], kept: float
) -> None:
    """As a download or a copy leaves it that was broken off: the length is right."""
    data = encoded(PICTURE, **options)
    start = int(len(data) * kept)
    padded = opened(data[:start] + bytes(len(data) - start))
    assert (padded is not None and padded.partial) if kept > 0.9 else padded is None


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_hole_in_the_middle_is_where_the_picture_ends(place: float) -> None:
    data = bytearray(encoded(scene(800, 600), quality=90))
    start = int(len(data) * place)
    data[start : start + 4096] = bytes(4096)
    assert opened(bytes(data)) is None


@pytest.mark.parametrize("seed", range(10))
def test_noise_in_the_middle_is_where_the_picture_ends(seed: int) -> None:
    """libjpeg stops at the first marker in it, fills the rest with grey and says nothing."""
    data = bytearray(encoded(scene(800, 600), quality=90))
    dice = random.Random(seed)
    start = len(data) // 3
    data[start : start + 8192] = b"\xff\xc8" + dice.randbytes(8190)
    assert opened(bytes(data)) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=st.tuples(st.integers(1, 150), st.integers(1, 150)),
    quality=st.integers(5, 100),
    flags=st.fixed_dictionaries(
        {
            "progressive": st.booleans(),
            "optimize": st.booleans(),
            "subsampling": st.integers(0, 2),
            "restart_marker_blocks": st.integers(0, 5),
        }
    ),
    tail=st.sampled_from([b"", bytes(600), b"\n", b"\xff\xd8\xff\xe0 another", b"\0\0\0 ftypmp42"]),
    flat=st.booleans(),
)
def test_a_whole_jpeg_is_never_called_partial(
    size: tuple[int, int], quality: int, flags: dict[str, Any], tail: bytes, *, flat: bool
) -> None:
    picture = scene(*(max(side, 8) for side in size))
    if flat:
        picture.paste((255, 255, 255), (0, 0, *picture.size))
    decoded = opened(encoded(picture.crop((0, 0, *size)), quality=quality, **flags) + tail)
    assert decoded is not None
    assert not decoded.partial
    assert decoded.size == size


def test_a_jpeg_without_its_end_marker_is_whole() -> None:
    data = encoded(PICTURE, quality=90)
    decoded = opened(data[:-2])
    assert decoded is not None
    assert not decoded.partial


def test_damage_between_two_restart_marks_costs_what_lies_between_them() -> None:
    data = bytearray(encoded(scene(800, 600), quality=90, restart_marker_rows=1))
    start = len(data) // 2
    data[start : start + 40] = b"\xff\x9f" * 20
    decoded = opened(bytes(data))
    assert decoded is not None
    apart = np.abs(np.asarray(decoded.image, np.float32) - np.asarray(scene(800, 600), np.float32))
    assert (apart.mean(axis=(1, 2)) < 12).mean() > 0.9
