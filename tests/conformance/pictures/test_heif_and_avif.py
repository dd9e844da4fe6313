"""Of a HEIC or AVIF the primary picture is shown, upright, whatever else the file holds."""

from __future__ import annotations

from io import BytesIO

import imagecodecs
import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image

from tests.heif_files import (
    BRANDS,
    auxiliary,
    coded,
    crop,
    grid,
    metadata,
    mirrored,
    overlay,
    size_of,
    turned,
    with_a_listing_each,
)
from tests.opened_pictures import opened
from tests.picture_files import encoded, exif_with, scene
from utils.containers.heif_structure import Property
from utils.containers.heif_writer import NewItem, heif_file
from utils.contract import ErrorCode
from utils.imaging.faults.unreadable import ImageUnreadableError
from utils.imaging.pillow_setup import ready_pillow

NAMES = sorted(BRANDS)
ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
DEPTH = "urn:mpeg:mpegB:cicp:systems:auxiliary:depth"


def pixels(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(opened(data).image, np.int16)


def apart(data: bytes, expected: Image.Image | npt.NDArray[np.uint8]) -> float:
    """Root of the mean square, 0 to 1."""
    one, other = pixels(data).astype(float), np.asarray(expected, float)
    assert one.shape == other.shape
    return float(np.sqrt(np.mean((one - other) ** 2)) / 255)


def picture() -> Image.Image:
    return scene(192, 128)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("said_by_exif", [None, 6])
def test_it_is_turned_as_the_item_says_and_not_by_exif(
    name: str, quarters: int, axis: int | None, said_by_exif: int | None
) -> None:
    turns = [turned(quarters), *([] if axis is None else [mirrored(axis)])]
    items = [coded(picture(), name, *turns)]
    if said_by_exif is not None:
        items.append(metadata(b"Exif", bytes(4) + exif_with(orientation=said_by_exif)[6:]))
    expected = np.rot90(np.asarray(picture()), quarters)
    if axis is not None:
        expected = expected[::-1] if axis == 0 else expected[:, ::-1]
    assert apart(heif_file(items, brand=BRANDS[name]), expected) < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_it_is_cropped_before_it_is_turned(name: str) -> None:
    whole = np.asarray(picture())
    kept = crop(100, 60, (-20, 1), (10, 1))
    left, top = 192 // 2 - 50 - 20, 128 // 2 - 30 + 10
    expected = whole[top : top + 60, left : left + 100]
    data = heif_file([coded(picture(), name, kept)], brand=BRANDS[name])
    assert opened(data).size == (100, 60)
    assert apart(data, expected) < 0.03
    both = heif_file([coded(picture(), name, kept, turned(1))], brand=BRANDS[name])
    assert apart(both, np.rot90(expected)) < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_a_crop_between_pixels_is_rounded_and_one_of_nothing_is_none(name: str) -> None:
    odd = heif_file([coded(picture(), name, crop(101, 59, (1, 2), (-3, 2)))], brand=BRANDS[name])
    assert opened(odd).size == (101, 59)
    if name == "AVIF":  # libheif refuses the file
        nothing = heif_file([coded(picture(), name, crop(9, 9, (999, 1), (0, 1)))], brand=b"avif")
        assert opened(nothing).size == (192, 128)


@pytest.mark.parametrize("name", NAMES)
def test_a_grid_is_put_together_and_what_hangs_over_is_cut(name: str) -> None:
    whole = scene(256, 256)
    areas = [(x, y, x + 128, y + 128) for y in (0, 128) for x in (0, 128)]
    tiles = [coded(whole.crop(area), name) for area in areas]
    data = heif_file([grid(250, 200, 2, 2), *tiles], brand=BRANDS[name])
    assert apart(data, np.asarray(whole)[:200, :250]) < 0.03
    turned_grid = heif_file([grid(250, 200, 2, 2, turned(3)), *tiles], brand=BRANDS[name])
    assert apart(turned_grid, np.rot90(np.asarray(whole)[:200, :250], 3)) < 0.03


def test_an_overlay_is_laid_out() -> None:
    parts = [coded(Image.new("RGB", (64, 64), colour), "HEIF") for colour in ("red", "lime")]
    seen = pixels(heif_file([overlay(160, 96, [(10, 8), (80, 20)]), *parts], brand=b"heic"))
    assert seen.shape == (96, 160, 3)
    for at, colour in (((40, 40), (255, 0, 0)), ((50, 110), (0, 255, 0)), ((90, 5), (0, 0, 255))):
        assert np.abs(seen[at] - colour).max() <= 6


@pytest.mark.parametrize("name", NAMES)
def test_of_several_pictures_the_primary_one_is_shown(name: str) -> None:
    """Of a burst; and a thumbnail, a depth map, a gain map are no pictures of their own."""
    others = [
        coded(Image.new("RGB", (64, 64), "red"), name, references=[(b"thmb", [3])]),
        coded(Image.new("RGB", (64, 64), "blue"), name),
        coded(picture(), name),
        coded(Image.new("L", (192, 128), 9), name, auxiliary(DEPTH), references=[(b"auxl", [3])]),
    ]
    data = heif_file(others, brand=BRANDS[name], primary=3)
    assert apart(data, picture()) < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_what_is_half_clear_lies_on_white(name: str) -> None:
    half = coded(
        Image.new("L", (192, 128), 128), name, auxiliary(ALPHA), references=[(b"auxl", [1])]
    )
    data = heif_file([coded(picture(), name), half], brand=BRANDS[name])
    assert apart(data, (np.asarray(picture(), float) * 128 + 255 * 127).astype(int) // 255) < 0.03
    if name == "AVIF":
        old = with_a_listing_each(data)
        assert (pixels(old) == pixels(data)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "broken",
    [
        metadata(b"Exif", b"\0\0\0\x06Exi"),
        metadata(b"Exif", b"\xff\xff\xff\xffnothing"),
        metadata(b"mime", b"<not xmp"),
        NewItem(b"tmap", b"\x63nothing", [size_of(192, 128)], [(b"dimg", [1, 1])]),
        NewItem(b"av01", b"", [size_of(192, 128)], [(b"auxl", [1])]),
    ],
    ids=["short exif", "exif elsewhere", "xmp", "gain map", "auxiliary picture"],
)
def test_what_is_broken_besides_costs_the_picture_nothing(name: str, broken: NewItem) -> None:
    items = [coded(picture(), name, turned(1)), broken]
    assert apart(heif_file(items, brand=BRANDS[name]), np.rot90(np.asarray(picture()))) < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_a_tone_mapped_picture_is_the_one_it_is_made_of(name: str) -> None:
    """As it is shown where there is no high dynamic range, by its own colours."""
    mapped = Property(b"colr", b"nclx\0\x09\0\x10\0\x09\x80")
    items = [
        NewItem(b"tmap", bytes(62), [size_of(192, 128), mapped], [(b"dimg", [2, 3])]),
        coded(picture(), name, turned(1)),
        coded(Image.new("L", (96, 64), 128), name),
    ]
    data = heif_file(items, brand=BRANDS[name])
    assert apart(data, np.rot90(np.asarray(picture()))) < 0.03


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_samples_have_all_their_range(bits: int) -> None:
    ready_pillow()
    top = 2**bits - 1
    ramp = np.linspace(0, top, 256).round().astype(np.uint16)[None, :, None]
    rows = np.ascontiguousarray(ramp.repeat(64, 0).repeat(3, 2))
    avif = imagecodecs.avif_encode(rows, level=100, bitspersample=bits)
    assert apart(bytes(avif), (rows / top * 255).round().astype(np.uint8)) < 0.01
    if bits == 10:
        file, heic = pillow_heif.from_bytes("RGB;16", (256, 64), (rows * 64).tobytes()), BytesIO()
        file.save(heic, quality=95, chroma=444)
        assert apart(heic.getvalue(), (rows / top * 255).round().astype(np.uint8)) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_grey_is_grey(name: str) -> None:
    ready_pillow()
    grey = picture().convert("L")
    assert apart(encoded(grey, name, quality=95), grey.convert("RGB")) < 0.03


def test_a_sequence_is_its_first_picture() -> None:
    ready_pillow()
    frames = {"save_all": True, "append_images": [Image.new("RGB", (192, 128), "red")] * 3}
    assert apart(encoded(picture(), "AVIF", quality=90, **frames), picture()) < 0.04


@pytest.mark.parametrize("name", NAMES)
def test_the_codec_inside_counts_where_the_brand_does_not_tell(name: str) -> None:
    assert apart(heif_file([coded(picture(), name)], brand=b"mif1"), picture()) < 0.03


@pytest.mark.parametrize(
    ("kind", "said"), [(b"vvc1", "VVC"), (b"jpeg", "JPEG"), (b"avc1", "H.264")]
)
def test_another_codec_inside_is_named(kind: bytes, said: str) -> None:
    item = NewItem(kind, bytes(99), [size_of(64, 64)])
    with pytest.raises(ImageUnreadableError, match=said) as caught:
        opened(heif_file([item], brand=b"heic"))
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED
