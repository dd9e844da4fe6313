"""What a service says that a RAW looks like is shown only where it is a small, whole picture."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.inference_http.developed_preview import (
    developed_preview_of,
)
from tests.picture_files import encoded, scene
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import shrunk, thumbnail_webp

SIDE_PX = 64
SMALL = shrunk(scene(), SIDE_PX)
WEBP = thumbnail_webp(SMALL, SIDE_PX)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_thumbnail_is_kept_as_it_came_and_hashed() -> None:
    likeness = developed_preview_of(text(WEBP), side_px=SIDE_PX)
    assert likeness is not None
    assert likeness.thumbnail == WEBP
    assert (likeness.phash ^ perceptual_hash(SMALL)).bit_count() <= 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encoded(SMALL),
        encoded(SMALL, "PNG"),
        thumbnail_webp(scene(), SIDE_PX + 1),
        encoded(scene(SIDE_PX, SIDE_PX + 1), "WEBP"),
        encoded(scene(16_383, 4).resize((16_383, 4)), "WEBP"),
        WEBP + bytes(3 * SIDE_PX**2),
        b"<script>alert(1)</script>",
    ],
    ids=["empty", "jpeg", "png", "too large", "too high", "too long", "too many bytes", "text"],
)
def test_anything_else_is_nothing(data: bytes) -> None:
    assert developed_preview_of(text(data), side_px=SIDE_PX) is None


@pytest.mark.parametrize("said", ["", "%%%", "é", text(WEBP)[:-1], text(WEBP) + "\n"])
def test_what_is_no_base64_is_nothing(said: str) -> None:
    assert developed_preview_of(said, side_px=SIDE_PX) is None


@given(st.integers(0, len(WEBP) - 1))
def test_a_thumbnail_cut_anywhere_is_nothing(cut: int) -> None:
    assert developed_preview_of(text(WEBP[:cut]), side_px=SIDE_PX) is None


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    developed_preview_of(text(WEBP[:20] + data), side_px=SIDE_PX)
