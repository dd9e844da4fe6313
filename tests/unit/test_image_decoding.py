"""One decode gives upright sRGB, with its colours as they are meant."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.opened_pictures import CENTER, LIMIT, difference, opened
from tests.picture_files import encoded, exif_with, scene
from utils.imaging.decoding import decode_for_clip, encode_ppm, open_upright, to_square
from utils.imaging.formats import Format
from utils.imaging.header_size import header_size
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.thumbnail import thumbnail_webp


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_pictures_come_out_as_they_are_displayed(name: str, turn: int) -> None:
    ready_pillow()
    shown = scene(160, 120)
    undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(turn, turn)
    exif = Image.Exif()
    exif[0x0112] = undo
    stored = shown.copy()
    stored.info["exif"] = exif.tobytes()
    stored = ImageOps.exif_transpose(stored)
    data = encoded(stored, name, exif=exif_with(orientation=turn))
    decoded = opened(data)
    assert decoded.size == (160, 120)
    assert difference(decoded.image, shown) < 8


def test_jpeg_xl_is_turned_by_its_codestream_and_a_jpeg_inside_by_its_exif(tmp_path: Path) -> None:
    ready_pillow()
    turned = exif_with(orientation=6)
    assert opened(encoded(scene(160, 120), "JXL", exif=turned)).size == (160, 120)
    jpeg = encoded(scene(160, 120), exif=turned)
    (tmp_path / "photo.jpg").write_bytes(jpeg)  # only files are kept as they are
    with Image.open(tmp_path / "photo.jpg") as image:
        transcoded = encoded(image, "JXL", lossless_jpeg=True)
    assert header_size(transcoded, Format.JXL) == (160, 120)
    inside = opened(transcoded)
    assert inside.size == (120, 160)
    assert difference(inside.image, opened(jpeg).image) < 2


def test_a_jpeg_is_scaled_while_both_sides_stay_large_enough() -> None:
    decoded = opened(encoded(scene(1601, 1203)), min_side_px=300)
    assert (decoded.image.size, decoded.size) == ((401, 301), (1601, 1203))
    assert decoded.area == (0.0, 0.0, 1601 / 4, 1203 / 4)


@pytest.mark.parametrize("turn", range(1, 9))
def test_scaling_by_whole_factors_shifts_nothing(turn: int) -> None:
    """A part of a pixel left over at an edge would move the whole square."""
    picture = scene(1031, 773)
    data = encoded(picture, "PNG", exif=exif_with(orientation=turn))
    whole = open_upright(data, min_side_px=10_000, max_pixels=LIMIT)
    scaled = open_upright(data, min_side_px=128, max_pixels=LIMIT)
    expected = to_square(whole.image, CENTER).astype(np.float32)
    given_square = to_square(scaled.image, CENTER, original=scaled.size, area=scaled.area)
    assert np.abs(expected - given_square).mean() < 1.2


def test_a_wide_gamut_becomes_srgb_and_srgb_stays() -> None:
    red = Image.new("RGB", (20, 20), (200, 60, 60))
    pixel = opened(encoded(red, "PNG", icc_profile=_wide_gamut())).image.getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 205
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = opened(encoded(red, "PNG", icc_profile=srgb))
    assert same.image.getpixel((5, 5)) == (200, 60, 60)


def _wide_gamut() -> bytes:
    """sRGB's profile with Adobe RGB's red: its colorant tag is overwritten, its name too."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for entry in range(count):
        tag, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        if tag == b"rXYZ":
            values = [round(v * 65536) for v in (0.60974, 0.31111, 0.01947)]
            struct.pack_into(">3i", profile, offset + 8, *values)
        if tag == b"desc":
            text = bytes(profile[offset : offset + size])
            profile[offset : offset + size] = text.replace("sRGB".encode("utf-16-be"), bytes(8))
            profile[offset : offset + size] = profile[offset : offset + size].replace(
                b"sRGB", b"wide"
            )
    return bytes(profile)


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200, b""])
def test_a_broken_profile_costs_no_file(profile: bytes) -> None:
    assert opened(encoded(scene(40, 30), icc_profile=profile)).image.size == (40, 30)


def test_alpha_goes_on_white() -> None:
    for image in (
        Image.new("RGBA", (8, 8), (0, 0, 255, 0)),
        Image.new("LA", (8, 8), (0, 0)),
    ):
        assert opened(encoded(image, "PNG")).image.getpixel((3, 3)) == (255, 255, 255)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    clear = opened(encoded(palette, "PNG", transparency=1))
    assert clear.image.getpixel((3, 3)) == (255, 255, 255)
    assert opened(encoded(palette, "GIF")).image.getpixel((3, 3)) == (0, 255, 0)


def test_half_transparent_pixels_mix_with_white() -> None:
    pixel = opened(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG")).image.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert all(abs(channel - 127) <= 1 for channel in pixel)


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(name: str) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    grey = np.asarray(opened(encoded(Image.fromarray(ramp), name)).image)
    assert np.abs(grey[..., 0] - ramp / 257).max() <= 1
    assert (grey[..., 0] == grey[..., 2]).all()


def test_cmyk_and_grey_become_rgb() -> None:
    cmyk = opened(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    pixel = cmyk.image.getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200
    assert pixel[1] < 60
    for mode in ("L", "1"):
        assert opened(encoded(Image.new(mode, (16, 16), 1), "TIFF")).image.mode == "RGB"
    lab = Image.merge("LAB", [Image.new("L", (9, 9), v) for v in (255, 128, 128)])
    white = opened(encoded(lab, "TIFF")).image.getpixel((0, 0))
    assert isinstance(white, tuple)
    assert min(white) > 245


@pytest.mark.parametrize("name", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_pictures_the_first_counts(name: str) -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    several = encoded(first, name, save_all=True, append_images=[second])
    pixel = opened(several).image.getpixel((9, 9))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > pixel[2]


def test_an_upload_reads_back_as_itself() -> None:
    square = decode_for_clip(encoded(scene()), CENTER, max_pixels=LIMIT)
    again = decode_for_clip(encode_ppm(square), CENTER, max_pixels=LIMIT)
    assert (again == square).all()


def test_a_thumbnail_is_small_stripped_webp() -> None:
    tagged = scene(900, 600)
    tagged.info["exif"] = exif_with(make="Maker")
    thumbnail = thumbnail_webp(tagged, 320)
    with Image.open(BytesIO(thumbnail)) as image:
        assert (image.format, image.size) == ("WEBP", (320, 213))
        assert not {"exif", "icc_profile", "xmp"} & set(image.info)
    with Image.open(BytesIO(thumbnail_webp(scene(60, 40), 320))) as small:
        assert small.size == (60, 40)


def test_threads_decode_side_by_side() -> None:
    kinds = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"]
    ready_pillow()
    files = [encoded(scene(200, 150, seed=seed), kinds[seed % 6]) for seed in range(24)]
    alone = [decode_for_clip(file, CENTER, max_pixels=LIMIT) for file in files]
    with ThreadPoolExecutor(4) as threads:
        together = list(
            threads.map(lambda file: decode_for_clip(file, CENTER, max_pixels=LIMIT), files)
        )
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))
