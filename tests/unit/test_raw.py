"""RAW: the embedded preview serves where it is large enough and shows the same scene."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.linear_dng import linear_dng, lossy_dng
from tests.picture_files import dng, scene, with_other_preview
from utils.contract import ClipUpload, ErrorCode
from utils.imaging import raw_developing
from utils.imaging.decoding import ImageUnreadableError, decode_for_clip
from utils.imaging.formats import Format, sniff
from utils.imaging.opening import oriented

LIMIT = 50_000_000
SENSOR = scene(480, 320)
# What is displayed when the sensor's picture is turned as EXIF's orientation says.
SHOWN = {turn: oriented(SENSOR, turn) for turn in range(1, 9)}


def alike(one: Image.Image, other: Image.Image) -> float:
    """Correlation of small grey copies: 1 for the same scene, whatever the tones."""
    small = [np.asarray(i.convert("L").resize((24, 24)), np.float64).ravel() for i in (one, other)]
    return float(np.corrcoef(small[0], small[1]).min())


@pytest.mark.parametrize("orientation", sorted(SHOWN))
def test_the_preview_is_turned_as_the_raw_says(orientation: int) -> None:
    data = dng(SENSOR, orientation=orientation)
    picture = raw_developing.read_preview(data, min_side_px=200, max_pixels=LIMIT)
    assert picture.preview is not None
    assert picture.preview.size == SHOWN[orientation].size
    assert (picture.width_px, picture.height_px) == SHOWN[orientation].size
    assert alike(picture.preview.image, SHOWN[orientation]) > 0.98


@pytest.mark.parametrize("orientation", sorted(SHOWN))
def test_developing_turns_it_too(orientation: int) -> None:
    data = dng(SENSOR, preview=False, orientation=orientation)
    image = raw_developing.develop(data, min_side_px=300, max_pixels=LIMIT)
    assert image.size == SHOWN[orientation].size
    assert alike(image, SHOWN[orientation]) > 0.95


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("written", [linear_dng, lossy_dng])
def test_a_dng_that_was_demosaiced_before_is_developed_turned_and_keeps_its_tones(
    written: Callable[..., bytes], orientation: int
) -> None:
    data = written(SENSOR, orientation=orientation)
    assert sniff(data) is Format.DNG
    picture = raw_developing.read_preview(data, min_side_px=200, max_pixels=LIMIT)
    assert picture.preview is None
    assert (picture.width_px, picture.height_px) == SHOWN[orientation].size
    image = raw_developing.develop(data, min_side_px=300, max_pixels=LIMIT)
    assert image.size == SHOWN[orientation].size
    assert alike(image, SHOWN[orientation]) > 0.98
    apart = np.asarray(image, np.float32).mean() - np.asarray(SENSOR, np.float32).mean()
    assert abs(apart) < 10


@pytest.mark.parametrize("written", [linear_dng, lossy_dng])
def test_a_damaged_one_of_them_is_a_code(written: Callable[..., bytes]) -> None:
    data = written(SENSOR)
    square = ClipUpload(side_px=96, crop="center")
    for keep in (100, 300, 900):
        with pytest.raises(ImageUnreadableError) as caught:
            decode_for_clip(data[:keep], square, max_pixels=LIMIT)
        assert caught.value.code in (ErrorCode.DECODING_RAW, ErrorCode.DECODING_IMAGE)


def test_a_preview_that_was_turned_already_is_left_as_it_is() -> None:
    data = with_other_preview(dng(SENSOR, orientation=6), SHOWN[6].resize((240, 360)))
    picture = raw_developing.read_preview(data, min_side_px=200, max_pixels=LIMIT)
    assert picture.preview is not None
    assert picture.preview.size == (240, 360)
    assert alike(picture.preview.image, SHOWN[6]) > 0.98


def test_a_square_thumbnail_is_not_mistaken_for_the_picture() -> None:
    data = with_other_preview(dng(SENSOR), SENSOR.resize((240, 240)))
    picture = raw_developing.read_preview(data, min_side_px=100, max_pixels=LIMIT)
    assert picture.preview is None
    assert not picture.is_large_enough(1)
    assert (picture.width_px, picture.height_px) == (480, 320)


def test_a_preview_serves_by_its_short_side() -> None:
    picture = raw_developing.read_preview(
        dng(SENSOR, preview_px=150), min_side_px=448, max_pixels=LIMIT
    )
    assert picture.is_large_enough(100)
    assert not picture.is_large_enough(101)


def test_developing_takes_half_the_size_where_that_is_enough() -> None:
    data = dng(SENSOR, preview=False)
    assert raw_developing.develop(data, min_side_px=160, max_pixels=LIMIT).size == (240, 160)
    assert raw_developing.develop(data, min_side_px=161, max_pixels=LIMIT).size == (480, 320)


@pytest.mark.parametrize("options", [{}, {"preview_px": 60}, {"preview": False}])
def test_the_model_sees_the_same_scene_by_every_pixel_source(options: dict[str, int]) -> None:
    upload = ClipUpload(side_px=96, crop="squash")
    data = dng(
        SENSOR, preview=bool(options.get("preview", True)), preview_px=options.get("preview_px")
    )
    square = decode_for_clip(data, upload, max_pixels=LIMIT)
    assert alike(Image.fromarray(square), SENSOR.resize((96, 96))) > 0.95


def test_a_jpeg_preview_is_decoded_no_larger_than_asked_for() -> None:
    picture = raw_developing.read_preview(dng(scene(2400, 1600)), min_side_px=300, max_pixels=LIMIT)
    assert picture.preview is not None
    assert picture.preview.size == (2400, 1600)
    assert picture.preview.image.size == (600, 400)  # by DCT scaling: a factor of 8 is too much


@pytest.mark.parametrize("options", [{}, {"preview_px": 60}, {"preview": False}])
def test_no_raw_is_ever_opened_with_pillow(
    options: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []
    really_opens = ImageFile.ImageFile.__init__  # of every format, whichever way it is opened

    def watched(self: Any, file: BytesIO, *args: Any, **kwargs: Any) -> None:
        opened.append(file.getvalue()[:3])
        really_opens(self, file, *args, **kwargs)

    monkeypatch.setattr(ImageFile.ImageFile, "__init__", watched)
    data = dng(
        SENSOR, preview=bool(options.get("preview", True)), preview_px=options.get("preview_px")
    )
    decode_for_clip(data, ClipUpload(side_px=96, crop="center"), max_pixels=LIMIT)
    assert opened == ([] if options.get("preview") is False else [b"\xff\xd8\xff"])


@pytest.mark.parametrize("keep", [40, 200, 2_000, 20_000])
def test_a_raw_that_ends_too_early_is_a_code(keep: int) -> None:
    data = dng(SENSOR, preview=False)[:keep]
    with pytest.raises(ImageUnreadableError) as caught:
        decode_for_clip(data, ClipUpload(side_px=96, crop="center"), max_pixels=LIMIT)
    assert caught.value.code in (ErrorCode.DECODING_RAW, ErrorCode.DECODING_IMAGE)


def test_black_sensor_data_is_no_picture() -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        raw_developing.develop(
            dng(Image.new("RGB", (64, 64)), preview=False), min_side_px=32, max_pixels=LIMIT
        )
    assert caught.value.code is ErrorCode.DECODING_RAW


def test_a_raw_of_too_many_pixels_is_refused() -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        raw_developing.read_preview(dng(SENSOR), min_side_px=32, max_pixels=480 * 320 - 1)
    assert caught.value.code is ErrorCode.IMAGE_TOO_LARGE
