"""The generated demo folder, and the DNGs in it."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import rawpy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from ml_inference_fastapi_app.tiny_models.demo_pictures import DEMO, write_demo_pictures
from ml_inference_fastapi_app.tiny_models.dng import write_dng
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, Scene, draw


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("demo")
    return dict(zip((picture.path for picture in DEMO), write_demo_pictures(folder), strict=True))


def opened(path: Path) -> Image.Image:
    if path.suffix == ".heic":
        return pillow_heif.open_heif(path).to_pillow()
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_the_folder_holds_every_format_in_nested_folders(demo: dict[str, Path]) -> None:
    endings = Counter(path.suffix for path in demo.values())
    assert set(endings) == {".jpg", ".png", ".webp", ".heic", ".tif", ".tiff", ".dng"}
    assert sum(endings.values()) == 24
    assert len({path.parent for path in demo.values()}) >= 5


def test_writing_it_again_changes_no_file(tmp_path: Path) -> None:
    first = write_demo_pictures(tmp_path)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in first}
    assert write_demo_pictures(tmp_path) == first
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in first} == before
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(first)


def test_a_missing_file_is_written_again_as_it_was(tmp_path: Path) -> None:
    paths = write_demo_pictures(tmp_path)
    before = paths[0].read_bytes()
    paths[0].unlink()
    write_demo_pictures(tmp_path)
    assert paths[0].read_bytes() == before


@pytest.mark.parametrize("number", range(len(DEMO)), ids=[picture.path for picture in DEMO])
def test_each_file_shows_its_scene_upright(demo: dict[str, Path], number: int) -> None:
    shown = DEMO[number]
    path = demo[shown.path]
    if path.suffix == ".dng":
        with rawpy.imread(str(path)) as raw:
            picture = Image.fromarray(
                raw.postprocess(
                    use_camera_wb=True,
                    no_auto_bright=True,
                    adjust_maximum_thr=0.0,
                    gamma=(2.4, 12.92),  # sRGB's; LibRaw's own default is a film standard's
                )
            )
    else:
        picture = ImageOps.exif_transpose(opened(path)).convert("RGB")
    assert picture.size == (shown.width_px, shown.height_px)
    original = draw(
        shown.scene,
        FIRST_HELD_OUT_SEED + number,
        width_px=shown.width_px,
        height_px=shown.height_px,
    )
    difference = np.abs(np.asarray(picture, np.float32) - np.asarray(original, np.float32))
    assert difference.mean() < 4


def test_cameras_times_and_places_are_in_the_files(demo: dict[str, Path]) -> None:
    exif = opened(demo["2024 Sydney/orange cross.jpg"]).getexif()
    assert exif[ExifTags.Base.Model] == "Shape Camera"
    taken_at = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    assert taken_at == "2024:01:02 20:12:30"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert place[ExifTags.GPS.GPSLatitudeRef] == "S"
    degrees, minutes, seconds = (float(part) for part in place[ExifTags.GPS.GPSLatitude])
    assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(33.8568, abs=1e-4)


def test_a_dng_holds_its_preview_as_a_jpeg_that_is_not_turned(demo: dict[str, Path]) -> None:
    with rawpy.imread(str(demo["2024 Sydney/raw/cyan square.dng"])) as raw:
        thumb = raw.extract_thumb()
        assert raw.sizes.flip == 6
    assert thumb.format is rawpy.ThumbFormat.JPEG
    assert Image.open(io.BytesIO(bytes(thumb.data))).size == (800, 1200)


@given(
    width_px=st.integers(64, 200), height_px=st.integers(64, 200), preview_px=st.integers(16, 200)
)
@settings(max_examples=15, deadline=None)
def test_a_dng_of_any_size_is_read_by_libraw(
    width_px: int, height_px: int, preview_px: int
) -> None:
    picture = draw(Scene("red", "circle"), 1, width_px=width_px, height_px=height_px)
    with_preview, without = io.BytesIO(), io.BytesIO()
    write_dng(with_preview, picture, preview_px=preview_px)
    write_dng(without, picture, preview=False)
    with_preview.seek(0)
    without.seek(0)
    with rawpy.imread(with_preview) as raw:
        size = Image.open(io.BytesIO(bytes(raw.extract_thumb().data))).size
        assert max(size) == min(preview_px, max(width_px, height_px))
    with rawpy.imread(without) as raw:
        assert raw.raw_image.shape == (height_px // 2 * 2, width_px // 2 * 2)
        with pytest.raises(rawpy.LibRawNoThumbnailError):
            raw.extract_thumb()
