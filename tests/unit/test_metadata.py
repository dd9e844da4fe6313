"""Metadata is what can be read of it; nothing in it fails a file."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.picture_files import dng, encoded, scene
from utils.formats import Format, sniff
from utils.metadata_extractor import PhotoMetadata, extract_metadata
from utils.pillow_setup import ready_pillow

NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a camera's clock has no zone
ORIGINAL, CREATED, GPS, EXIF = 36867, 36868, 34853, 34665


def photo_exif(
    *,
    dates: dict[int, str] | None = None,
    refs: tuple[str, str] = ("S", "W"),
    degrees: tuple[float, float, float] = (33, 30, 36),
) -> bytes:
    exif = Image.Exif()
    exif[271], exif[272] = "Maker Corp.  ", "Model 5\0"
    exif.get_ifd(EXIF).update({ORIGINAL: "2021:03:04 12:00:05"} if dates is None else dates)
    exif.get_ifd(GPS).update({1: refs[0], 2: degrees, 3: refs[1], 4: degrees})
    return exif.tobytes()


def read(exif: bytes, name: str = "JPEG") -> PhotoMetadata:
    ready_pillow()
    data = encoded(scene(32, 24), name, exif=exif)
    known = sniff(data)
    assert known is not None
    return extract_metadata(data, known)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "JXL"])
def test_time_camera_and_place_are_read_from_every_format(name: str) -> None:
    metadata = read(photo_exif(), name)
    assert metadata.taken_at == NOON
    assert (metadata.camera_make, metadata.camera_model) == ("Maker Corp.", "Model 5")
    assert metadata.latitude == pytest.approx(-33.51)
    assert metadata.longitude == pytest.approx(-33.51)


def test_a_raw_is_read_by_its_structure() -> None:
    metadata = extract_metadata(dng(scene(64, 48), taken_at=NOON), Format.DNG)
    assert metadata.taken_at == NOON
    assert metadata.camera_make


def test_the_original_time_comes_before_that_of_creation() -> None:
    both = {CREATED: "2022:01:01 00:00:00", ORIGINAL: "2021:03:04 12:00:05"}
    assert read(photo_exif(dates=both)).taken_at == NOON
    assert read(photo_exif(dates={CREATED: "2021:03:04 12:00:05"})).taken_at == NOON
    invalid = {ORIGINAL: "0000:00:00 00:00:00", CREATED: "2021:03:04 12:00:05"}
    assert read(photo_exif(dates=invalid)).taken_at == NOON


@pytest.mark.parametrize(
    "text", ["", "    :  :     :  :  ", "2021:02:30 10:00:00", "2021:13:01 10:00:00", "yesterday"]
)
def test_an_invalid_date_is_no_date(text: str) -> None:
    assert read(photo_exif(dates={ORIGINAL: text})).taken_at is None


@pytest.mark.parametrize(
    ("refs", "sign"), [(("N", "E"), (1, 1)), (("S", "E"), (-1, 1)), (("N", "W"), (1, -1))]
)
def test_each_hemisphere_has_its_sign(refs: tuple[str, str], sign: tuple[int, int]) -> None:
    metadata = read(photo_exif(refs=refs))
    assert metadata.latitude == pytest.approx(33.51 * sign[0])
    assert metadata.longitude == pytest.approx(33.51 * sign[1])


def test_a_place_that_cannot_be_is_no_place() -> None:
    assert read(photo_exif(degrees=(95, 0, 0))).latitude is None
    assert read(photo_exif(refs=("", "E"))).longitude is None
    zero_over_zero = read(photo_exif()).latitude
    assert zero_over_zero is not None


def test_a_picture_without_metadata_says_nothing() -> None:
    assert extract_metadata(encoded(scene(32, 24)), Format.JPEG) == PhotoMetadata()
    assert extract_metadata(b"", Format.HEIC) == PhotoMetadata()


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12),
    keep=st.floats(0, 1),
)
def test_damaged_metadata_never_fails_the_file(
    changes: list[tuple[float, int]], keep: float
) -> None:
    exif = bytearray(photo_exif())
    exif = exif[: int(len(exif) * keep)]
    for place, value in changes:
        if exif:
            exif[int(place * len(exif))] = value
    data = b"\xff\xd8\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + bytes(exif)
    metadata = extract_metadata(data, Format.JPEG)
    assert metadata.latitude is None or -90 <= metadata.latitude <= 90
    assert (metadata.latitude is None) == (metadata.longitude is None)


@given(st.binary(max_size=300), st.sampled_from(list(Format)))
def test_any_bytes_are_read_without_an_error(data: bytes, known: Format) -> None:
    assert isinstance(extract_metadata(data, known), PhotoMetadata)
    assert isinstance(extract_metadata(b"II*\0\x08\0\0\0" + data, known), PhotoMetadata)
