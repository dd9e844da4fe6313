"""A sidecar's orientation: what is left to turn, and that it gives what EXIF would have given."""

from __future__ import annotations

import numpy as np
import pytest

from tests.picture_files import dng, encoded, exif_with, scene, xmp_with
from utils.imaging.decoding import open_upright
from utils.imaging.formats import Format
from utils.imaging.opening import oriented
from utils.imaging.turning import turned, turned_size
from utils.metadata.beside.turns import further_turn
from utils.metadata.extractor import extract_metadata

ORIENTATIONS = range(1, 9)


def beside(orientation: object) -> bytes:
    return xmp_with("", f' tiff:Orientation="{orientation}"')


@pytest.mark.parametrize("done", ORIENTATIONS)
@pytest.mark.parametrize("wanted", ORIENTATIONS)
def test_what_is_left_to_turn_gives_what_is_wanted(done: int, wanted: int) -> None:
    stored = scene(5, 3)
    again = oriented(oriented(stored, done), further_turn(done, wanted))
    assert again.tobytes() == oriented(stored, wanted).tobytes()


@pytest.mark.parametrize("turn", ORIENTATIONS)
@pytest.mark.parametrize("size", [(67, 41), (401, 259)])
def test_a_turned_picture_is_what_it_would_be_by_exif(turn: int, size: tuple[int, int]) -> None:
    """Also where it was scaled down, and a part of a pixel is left over at two edges."""
    plain = open_upright(encoded(scene(*size)), min_side_px=32, max_pixels=10**6)
    stamped = encoded(scene(*size), exif=exif_with(orientation=turn))
    by_exif = open_upright(stamped, min_side_px=32, max_pixels=10**6)
    found = turned(plain, turn)
    assert found.size == by_exif.size == turned_size(size, turn)
    np.testing.assert_allclose(found.area, by_exif.area)
    assert found.image.tobytes() == by_exif.image.tobytes()


@pytest.mark.parametrize(
    ("embedded", "said", "left"),
    [(None, 6, 6), (6, 6, None), (6, 1, 8), (8, 3, 8), (1, 1, None), (6, 9, None), (6, "x", None)],
)
def test_a_sidecar_turns_what_the_file_has_not(
    embedded: int | None, said: object, left: int | None
) -> None:
    data = encoded(scene(32, 24), exif=exif_with(orientation=embedded))
    found = extract_metadata(data, Format.JPEG, sidecars=[beside(said)])
    assert found.sidecar_turn == left


def test_the_first_sidecar_that_says_an_orientation_counts() -> None:
    data = encoded(scene(32, 24))
    sidecars = [xmp_with(""), beside(3), beside(6)]
    assert extract_metadata(data, Format.JPEG, sidecars=sidecars).sidecar_turn == 3
    inside = encoded(scene(32, 24), xmp=beside(6))
    assert extract_metadata(inside, Format.JPEG).sidecar_turn is None


def test_a_raw_is_turned_only_where_it_is_known_how_it_is_turned_already() -> None:
    known = dng(scene(64, 48), orientation=6)
    assert extract_metadata(known, Format.DNG, sidecars=[beside(3)]).sidecar_turn == 6
    assert extract_metadata(known, Format.DNG, sidecars=[beside(6)]).sidecar_turn is None
    silent = b"FOVb" + bytes(60)
    assert extract_metadata(silent, Format.X3F, sidecars=[beside(3)]).sidecar_turn is None
