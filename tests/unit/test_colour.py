"""Colours come out as they are meant: in sRGB, on white, with all of their range."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from tests.picture_files import encoded, exif_with, scene
from tests.profiles import (
    ADOBE_GAMMA,
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    Primaries,
    cmyk_profile,
    gray_profile,
    in_srgb,
    rgb_profile,
    srgb_encoded,
)
from utils.imaging.decoding import open_upright
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.thumbnail import thumbnail_webp

LIMIT = 50_000_000
WIDE = {"Display P3": (DISPLAY_P3, None), "Adobe RGB": (ADOBE_RGB, ADOBE_GAMMA)}
KEEPS_PROFILES = ["PNG", "TIFF", "WEBP", "HEIF", "AVIF", "JPEG"]


def opened(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(open_upright(data, min_side_px=10_000, max_pixels=LIMIT).image)


def patches(colours: npt.NDArray[np.uint8]) -> Image.Image:
    """One square of 16 pixels for each: lossy codecs keep its middle."""
    row = np.repeat(colours[None], 16, axis=0).repeat(16, axis=1)
    return Image.fromarray(row)


def middles(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return pixels[8, 8::16]


def moderate_colours(
    primaries: Primaries = ADOBE_RGB, gamma: float | None = ADOBE_GAMMA
) -> npt.NDArray[np.uint8]:
    """Inside of sRGB when they are meant in the space given."""
    levels = (70, 120, 170, 200)
    cube = np.array([(r, g, b) for r in levels for g in levels for b in levels], np.uint8)
    meant = in_srgb(cube, primaries, gamma)
    return cube[((meant > 0) & (meant < 255)).all(axis=1)]


@pytest.mark.parametrize("name", KEEPS_PROFILES)
@pytest.mark.parametrize("space", WIDE)
def test_wide_gamuts_become_srgb_by_the_textbook(space: str, name: str) -> None:
    ready_pillow()
    primaries, gamma = WIDE[space]
    colours = moderate_colours(primaries, gamma)
    expected = in_srgb(colours, primaries, gamma)
    assert np.abs(expected - colours).max() > 10
    exact = {"lossless": True} if name == "WEBP" else {}
    lossy = {"JPEG": {"quality": 100, "subsampling": 0}, "HEIF": {"quality": 100, "chroma": 444}}
    data = encoded(
        patches(colours),
        name,
        icc_profile=rgb_profile(primaries, gamma),
        **exact,
        **lossy.get(name, {}),
    )
    apart = np.abs(middles(opened(data)) - expected)
    assert apart.mean() <= 1.5
    assert apart.max() <= (12 if name in ("AVIF", "HEIF", "JPEG") else 2)  # a codec's own losses


def test_a_red_that_only_a_wide_screen_shows_becomes_the_reddest_there_is() -> None:
    red = patches(np.array([[255, 0, 0]], np.uint8))
    p3 = encoded(red, "PNG", icc_profile=rgb_profile(DISPLAY_P3, None))
    assert np.abs(middles(opened(p3)).astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("primaries", [SRGB, DISPLAY_P3])
def test_a_profile_is_judged_by_what_it_does_and_not_by_its_name(primaries: Primaries) -> None:
    colours = moderate_colours(primaries, 1.0)
    linear = rgb_profile(primaries, 1.0, name="sRGB linear")
    seen = middles(opened(encoded(patches(colours), "PNG", icc_profile=linear)))
    assert np.abs(seen - in_srgb(colours, primaries, 1.0)).max() <= 2
    nameless = rgb_profile(SRGB, None, name="my screen")
    same = middles(opened(encoded(patches(colours), "PNG", icc_profile=nameless)))
    assert (same == colours).all()
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (middles(opened(encoded(patches(colours), "PNG", icc_profile=own))) == colours).all()


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_profiles_are_followed(mode: str) -> None:
    levels = np.array([40, 90, 128, 180, 230], np.uint8)
    grey = Image.fromarray(levels[None].repeat(16, 0).repeat(16, 1))
    if mode == "LA":
        grey.putalpha(255)
    if mode == "I;16":
        grey = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    data = encoded(grey, "PNG", icc_profile=gray_profile(1.0))
    expected = srgb_encoded(levels / 255) * 255
    assert np.abs(middles(opened(data))[:, 0] - expected).max() <= 2


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_profiles_say_what_the_inks_print(name: str) -> None:
    inks = np.array([[255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]], np.uint8)
    image = Image.fromarray(inks[None].repeat(16, 0).repeat(16, 1), "CMYK")
    options = {"quality": 100, "subsampling": 0} if name == "JPEG" else {}
    seen = middles(opened(encoded(image, name, icc_profile=cmyk_profile(), **options)))
    assert np.abs(seen.astype(int) - [[119] * 3, [255] * 3, [0] * 3]).max() <= 3


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_profile_for_other_channels_or_cut_short_is_ignored(name: str) -> None:
    colours = moderate_colours()
    for profile in (cmyk_profile(), gray_profile(1.8), rgb_profile(ADOBE_RGB, 2.2)[:300]):
        options = {"quality": 100} if name == "JPEG" else {}
        with_it = opened(encoded(patches(colours), name, icc_profile=profile, **options))
        assert (with_it == opened(encoded(patches(colours), name, **options))).all()


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_what_is_clear_shows_white_and_what_is_half_clear_mixes(name: str) -> None:
    ready_pillow()
    image = patches(np.array([[0, 0, 255, 0], [0, 0, 0, 128], [0, 0, 0, 255]], np.uint8))
    options: dict[str, object] = {"lossless": True} if name in ("WEBP", "JXL") else {}
    options = {"quality": 100} if name in ("AVIF", "HEIF") else options
    seen = middles(opened(encoded(image, name, **options))).astype(int)
    assert np.abs(seen - [[255] * 3, [127] * 3, [0] * 3]).max() <= 3


def test_alpha_is_laid_on_white_after_the_colours_were_converted() -> None:
    colours = np.concatenate(
        [moderate_colours(), np.full((len(moderate_colours()), 1), 128, np.uint8)], axis=1
    )
    data = encoded(patches(colours), "PNG", icc_profile=rgb_profile(DISPLAY_P3, None))
    part = 128 / 255
    expected = in_srgb(colours[:, :3], DISPLAY_P3, None) * part + 255 * (1 - part)
    assert np.abs(middles(opened(data)) - expected).max() <= 2


def test_sixteen_bits_of_three_colours_are_scaled() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    rows = np.stack([ramp, ramp[::-1], ramp // 2], axis=-1)[None].repeat(8, 0)
    seen = opened(png_of_16_bit(rows)).astype(float)
    assert np.abs(seen - rows / 257).max() <= 1.5


def png_of_16_bit(pixels: npt.NDArray[np.uint16]) -> bytes:
    """Shape (height, width, 3)."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0, 1e6])
def test_pixels_that_are_fractions_are_scaled_by_what_they_hold(top: float) -> None:
    ramp = (np.linspace(0, top, 64)[None].repeat(8, 0)).astype(np.float32)
    seen = opened(encoded(Image.fromarray(ramp), "TIFF"))
    assert np.abs(seen[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1
    ramp[0, :8] = np.nan
    assert (
        np.abs(opened(encoded(Image.fromarray(ramp), "TIFF"))[4, :, 0] - seen[4, :, 0]).max() <= 1
    )


def test_a_thumbnail_is_turned_converted_and_stripped_of_everything_else() -> None:
    shown = scene(900, 600)
    stored = shown.transpose(Image.Transpose.ROTATE_90)
    data = encoded(
        stored,
        quality=95,
        exif=exif_with(orientation=6, make="Maker", model="Model"),
        icc_profile=rgb_profile(DISPLAY_P3, None),
        xmp=b"<x:xmpmeta/>",
        comment=b"a secret",
    )
    thumbnail = thumbnail_webp(open_upright(data, min_side_px=448, max_pixels=LIMIT).image, 320)
    assert webp_chunks(thumbnail) == [b"VP8 "]
    with Image.open(BytesIO(thumbnail)) as image:
        assert image.size == (320, 213)
        small = np.asarray(image.convert("RGB"), float)
    before = np.asarray(shown.resize((320, 213), Image.Resampling.BICUBIC))
    expected = in_srgb(before.reshape(-1, 3), DISPLAY_P3, None).clip(0, 255).reshape(213, 320, 3)
    assert np.abs(small - expected).mean() < 4
    assert np.abs(small - before).mean() > np.abs(small - expected).mean()


def webp_chunks(data: bytes) -> list[bytes]:
    found, position = [], 12
    while position < len(data):
        found.append(data[position : position + 4])
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    return found


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "HEIF", "AVIF", "JXL", "PNG"])
def test_the_perceptual_hash_of_another_encoding_is_near(name: str) -> None:
    ready_pillow()
    picture = scene(640, 480, seed=3)
    one = perceptual_hash(picture)
    other = open_upright(encoded(picture, name), min_side_px=320, max_pixels=LIMIT).image
    assert (one ^ perceptual_hash(other)).bit_count() <= 4
    another = Image.fromarray(np.asarray(picture)[::-1, ::-1].copy())
    assert (one ^ perceptual_hash(another)).bit_count() > 10
