"""Colours that a file says by numbers come out as those that a profile describes."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.jxl_colour import jxl_said
from tests.picture_files import encoded, scene
from tests.profiles import ADOBE_GAMMA, ADOBE_RGB, DISPLAY_P3, rgb_profile
from utils.imaging.colour.code_point_conversion import conversion
from utils.imaging.colour.code_points import CodePoints, code_points
from utils.imaging.faults.unreadable import ImageUnreadableError
from utils.imaging.formats import Format
from utils.imaging.opening import open_upright
from utils.imaging.pillow_setup import ready_pillow

LIMIT = 10_000_000
NAMES = ["PNG", "HEIF", "AVIF"]
FORMATS = {"PNG": Format.PNG, "HEIF": Format.HEIC, "AVIF": Format.AVIF}
P3, BT_2020 = 12, 9
LIKE_SRGB, PQ, HLG = 13, 16, 18
WHITE = 148, 191  # PQ's and HLG's level for a diffuse white of 203 cd/m²
MID_GREY = 105, 97  # of 18 % of that


def opened(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(open_upright(data, min_side_px=10_000, max_pixels=LIMIT).image)


def said(
    image: Image.Image, name: str, primaries: int, transfer: int, *, icc: bytes | None = None
) -> bytes:
    """A file as its encoder makes it, with these code points written into it."""
    ready_pillow()
    options: dict[str, object] = {} if icc is None else {"icc_profile": icc}
    if name == "PNG":
        return with_cicp(encoded(image, name, **options), bytes((primaries, transfer, 0, 1)))
    full = {"subsampling": "4:4:4"} if name == "AVIF" else {"chroma": 444}
    data = encoded(image, name, quality=100, **full, **options)
    at = data.index(b"nclx") + 4
    return data[:at] + primaries.to_bytes(2) + transfer.to_bytes(2) + data[at + 4 :]


def with_cicp(png: bytes, content: bytes) -> bytes:
    chunk = b"cICP" + content
    return png[:33] + len(content).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + png[33:]


def flat(*colour: int) -> Image.Image:
    return Image.new("RGB", (32, 32), colour if len(colour) == 3 else colour * 3)


def middle(data: bytes) -> npt.NDArray[np.int_]:
    found: npt.NDArray[np.int_] = opened(data)[16, 16].astype(int)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_found_where_the_encoder_put_them(name: str) -> None:
    found = code_points(said(scene(64, 48), name, P3, PQ), FORMATS[name])
    assert found == CodePoints(P3, PQ, before_profile=name == "PNG")
    assert code_points(encoded(scene(64, 48), "PNG"), Format.PNG) is None


def test_an_encoder_that_is_told_writes_what_is_read() -> None:
    ready_pillow()
    numbers = {
        "color_primaries": P3,
        "transfer_characteristics": HLG,
        "matrix_coefficients": 6,
        "full_range_flag": 1,
    }
    heic = encoded(scene(64, 48), "HEIF", **numbers)
    assert code_points(heic, Format.HEIC) == CodePoints(P3, HLG)


@pytest.mark.parametrize("name", NAMES)
def test_display_p3_by_numbers_is_display_p3_by_its_profile(name: str) -> None:
    picture = scene(64, 48)
    by_profile = opened(encoded(picture, "PNG", icc_profile=rgb_profile(DISPLAY_P3, None)))
    apart = np.abs(by_profile.astype(int) - opened(said(picture, name, P3, LIKE_SRGB)))
    plain = np.abs(by_profile.astype(int) - np.asarray(picture))
    assert apart.mean() <= (0.2 if name == "PNG" else 2)
    assert apart.max() <= (2 if name == "PNG" else 30)  # codecs lose most where it is clipped
    assert plain.mean() > 4
    red = middle(said(flat(255, 0, 0), name, P3, LIKE_SRGB))
    assert np.abs(red - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, 1], ids=["pq", "hlg"])
def test_high_dynamic_range_is_neither_grey_nor_blown_out(name: str, place: int) -> None:
    transfer = (PQ, HLG)[place]
    white = middle(said(flat(WHITE[place]), name, BT_2020, transfer))
    grey = middle(said(flat(MID_GREY[place]), name, BT_2020, transfer))
    brightest = middle(said(flat((192, 255)[place]), name, BT_2020, transfer))
    assert 220 <= white.min() <= white.max() <= 240
    # PQ keeps the light of 18 %, sRGB's 118; HLG renders for its surround and shows it darker.
    assert 100 <= grey.min() <= grey.max() <= 125
    assert brightest.min() >= 253
    assert (middle(said(flat(0), name, BT_2020, transfer)) <= 1).all()


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_is_never_shown_darker_and_grey_stays_grey(transfer: int) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(4, 0)
    image = Image.fromarray(ramp).convert("RGB")
    shown = opened(said(image, "PNG", BT_2020, transfer))[0].astype(int)
    assert (np.diff(shown, axis=0) >= 0).all()
    assert np.ptp(shown, axis=1).max() <= 1


def test_a_colour_keeps_its_hue_when_its_light_is_rolled_off() -> None:
    """Orange of 1000 cd/m² ends as a bright orange, not as yellow."""
    red, green, blue = middle(said(flat(192, 148, 60), "PNG", 1, PQ))
    assert red >= 253
    assert 110 <= green <= 135
    assert blue <= 30


@pytest.mark.parametrize("points", [(1, 13), (1, 1), (1, 6), (2, 2), (1, 2), (2, 13), (0, 3)])
def test_what_is_srgb_or_says_nothing_stays_as_it_is(points: tuple[int, int]) -> None:
    picture = scene(64, 48)
    assert conversion(CodePoints(*points)) is None
    assert (opened(said(picture, "PNG", *points)) == np.asarray(picture)).all()


@pytest.mark.parametrize("points", [(BT_2020, PQ), (P3, LIKE_SRGB), (1, 13)])
def test_a_profile_wins_in_avif_and_the_numbers_win_in_png(points: tuple[int, int]) -> None:
    picture, adobe = scene(64, 48), rgb_profile(ADOBE_RGB, ADOBE_GAMMA)
    without = encoded(picture, "AVIF", quality=100, subsampling="4:4:4", icc_profile=adobe)
    both = said(picture, "AVIF", *points, icc=adobe)
    assert code_points(both, Format.AVIF) == CodePoints(*points)
    assert (opened(both) == opened(without)).all()
    png = opened(said(picture, "PNG", *points, icc=adobe))
    assert (png == opened(said(picture, "PNG", *points))).all()
    unsaid = opened(said(picture, "PNG", 2, 2, icc=adobe))
    assert (unsaid == opened(encoded(picture, "PNG", icc_profile=adobe))).all()


def test_levels_of_a_narrow_range_are_spread() -> None:
    data = with_cicp(encoded(flat(235, 126, 16), "PNG"), bytes((1, 13, 0, 0)))
    assert np.abs(middle(data) - (255, 128, 0)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "I;16"])
def test_every_kind_of_pixel_is_shown_by_the_numbers(mode: str) -> None:
    image = flat(WHITE[0])
    if mode == "I;16":
        image = Image.fromarray(np.full((32, 32), WHITE[0] * 257, np.uint16))
    else:
        image = image.quantize(4) if mode == "P" else image.convert(mode)
    assert np.abs(middle(said(image, "PNG", BT_2020, PQ)) - 229).max() <= 2


def test_large_pictures_are_converted_in_bands_and_small_ones_alike() -> None:
    found = conversion(CodePoints(BT_2020, PQ))
    assert found is not None
    picture = scene(900, 700)
    whole = np.asarray(found.apply(picture))
    rows = [np.asarray(found.apply(picture.crop((0, y, 900, y + 1)))) for y in (0, 291, 292, 699)]
    assert all((whole[y] == row[0]).all() for y, row in zip((0, 291, 292, 699), rows, strict=True))
    thin = found.apply(Image.new("RGB", (300_000, 1)))
    assert thin.size == (300_000, 1)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 65_535), st.integers(0, 65_535), st.booleans(), st.booleans())
def test_no_code_points_are_an_error(
    primaries: int, transfer: int, full_range: bool, grey: bool
) -> None:
    found = conversion(CodePoints(primaries, transfer, full_range))
    every = Image.fromarray(np.arange(256, dtype=np.uint8)[None]).convert("L" if grey else "RGB")
    if found is not None:
        assert found.apply(every.convert("RGB")).size == every.size


@pytest.mark.parametrize("primaries", range(24))
def test_every_combination_of_defined_code_points_keeps_black_and_white_neutral(
    primaries: int,
) -> None:
    for transfer in range(20):
        found = conversion(CodePoints(primaries, transfer))
        if found is None:
            continue
        for level in (0, 255):
            shown = found.apply(flat(level)).getpixel((0, 0))
            assert shown == (level,) * 3, transfer


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_damage_around_the_numbers_is_no_error(name: str, data: st.DataObject) -> None:
    whole = bytearray(said(flat(90, 40, 200), name, P3, PQ))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, min(len(whole), 600) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    code_points(cut, FORMATS[name])
    for junk in (b"", cut):
        code_points(junk, FORMATS[name])


@pytest.mark.parametrize("name", NAMES)
def test_odd_numbers_fail_no_file(name: str) -> None:
    """But that libheif opens none whose primaries are reserved."""
    for primaries, transfer in ((4, 4), (8, 5), (10, 17), (22, 8), (0, 0), (3, 3), (255, 255)):
        data = said(flat(90, 40, 200), name, primaries, transfer)
        if name == "HEIF" and primaries in (0, 3, 255):
            with pytest.raises(ImageUnreadableError):
                opened(data)
        else:
            assert opened(data).shape == (32, 32, 3)


def test_a_file_of_boxes_without_end_is_searched_in_no_time() -> None:
    many = b"\0\0\0\x08free" * 50_000
    listing = (0).to_bytes(4) + (0xFFFFFFFF).to_bytes(4) + b"\0\1\xff" * 500_000
    ipma = (8 + len(listing)).to_bytes(4) + b"ipma" + listing
    ipco = (8 + len(many)).to_bytes(4) + b"ipco" + many
    iprp = ipco + ipma * 30
    inside = bytes(4) + b"\0\0\0\x0epitm" + bytes(4) + b"\0\2"
    inside += (8 + len(iprp)).to_bytes(4) + b"iprp" + iprp
    data = (8 + len(inside)).to_bytes(4) + b"meta" + inside
    reads = CountingBytes(data)
    assert code_points(reads, Format.HEIC) is None
    assert reads.count < 60_000


class CountingBytes:
    """A source that counts how often it is read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.count = 0

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, part: slice, /) -> bytes:
        self.count += 1
        return self._data[part]


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (11, 13), (1, 8), (9, 16)])
def test_a_jpeg_xl_shows_the_same_light_whatever_the_numbers_that_say_it(
    primaries: int, transfer: int
) -> None:
    """But that PQ says how bright it is: 255 cd/m² at most, where 203 is white."""
    picture = scene(88, 64)
    plain = opened(encoded(picture, "JXL", quality=95)).astype(int)
    data = jxl_said(picture, primaries, transfer)
    with Image.open(BytesIO(data)) as image:
        stored = np.abs(np.asarray(image) - plain).mean()
        found = conversion(CodePoints(primaries, transfer))
        shown = np.asarray(image if transfer != PQ or found is None else found.apply(image))
    assert code_points(data, Format.JXL) is None
    expected = shown.astype(int) if transfer == PQ else plain
    assert np.abs(opened(data) - expected).mean() < (2 if transfer == PQ else 1)
    assert stored > 5 or (primaries, transfer) == (1, 13)
