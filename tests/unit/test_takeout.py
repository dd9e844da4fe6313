"""Google Takeout's JSON: found by its cut and numbered names, read, and never believed blindly."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.picture_files import encoded, scene, xmp_with
from utils.imaging.formats import Format
from utils.metadata.beside.takeout import MAX_TAKEOUT_BYTES, read_takeout
from utils.metadata.beside.takeout_names import Key, json_key, json_of
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata, TakenAtSource

LONG = "a_photograph_with_a_very_long_name_of_fifty_letters"
BEACH = {
    "title": "IMG_1.jpg",
    "description": "Tom&#39;s beach\nat noon",
    "photoTakenTime": {"timestamp": "1562254212", "formatted": "04.07.2019, 15:30:12 UTC"},
    "geoData": {"latitude": 43.4, "longitude": -1.6, "altitude": 12.5},
    "geoDataExif": {"latitude": 1.0, "longitude": 2.0, "altitude": 3.0},
    "favorited": True,
}
NOON = datetime(2019, 7, 4, 15, 30, 12)  # noqa: DTZ001  # naive, as all times of photographs

PAIRS = [
    ("IMG_1.jpg", "IMG_1.jpg.json"),
    ("IMG_1.JPG", "IMG_1.JPG.JSON"),
    ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
    ("IMG_1.jpg", "IMG_1.jpg.supplemental-meta.json"),
    ("IMG_1.jpg", "IMG_1.jpg.suppl.json"),
    ("IMG_1.jpg", "IMG_1.jpg.s.json"),
    ("IMG_1.jpg", "IMG_1.jpg..json"),
    ("IMG_1(1).jpg", "IMG_1.jpg(1).json"),
    ("IMG_1(12).jpg", "IMG_1.jpg(12).json"),
    ("IMG_1(1).jpg", "IMG_1.jpg.supplemental-metadata(1).json"),
    ("IMG_1(1).jpg", "IMG_1.jpg.supplemental-met(1).json"),
    ("IMG_1(1).jpg", "IMG_1(1).jpg.json"),
    ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
    ("IMG_1-edited.jpg", "IMG_1.HEIC.supplemental-metadata.json"),
    ("IMG_1-edited(1).jpg", "IMG_1.jpg(1).json"),
    ("IMG_1(1)-edited.jpg", "IMG_1.jpg(1).json"),
    ("IMG_1-bearbeitet.jpg", "IMG_1.jpg.json"),
    ("IMG_1-modifie\u0301.jpg", "IMG_1.jpg.json"),
    ("IMG_1.HEIC", "IMG_1.HEIC.json"),
    ("IMG_1.DNG", "IMG_1.DNG.supplemental-metadata.json"),
    ("PXL_20210704_153012345.MP.jpg", "PXL_20210704_153012345.MP.jpg.supplemental-met.json"),
    (f"{LONG[:43]}.jpg", f"{LONG[:43]}.jp.json"),
    (f"{LONG[:45]}.jpg", f"{LONG[:45]}..json"),
    (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
    (f"{LONG[:47]}(1).jpg", f"{LONG[:46]}(1).json"),
    (f"{LONG[:47]}(1).jpg", f"{LONG[:43]}(1).json"),
    ("Stra\u00dfe e\u0301.jpg", "Stra\u00dfe \u00e9.jpg.json"),
]
STRANGERS = [
    ("IMG_1.jpg", "IMG_2.jpg.json"),
    ("IMG_1.jpg", "IMG_1.png.json"),
    ("IMG_1.jpg", "IMG_1.jpg(1).json"),
    ("IMG_1(1).jpg", "IMG_1.jpg.json"),
    ("IMG_1(2).jpg", "IMG_1.jpg(1).json"),
    ("IMG_1.jpg", "IMG_1.json"),
    ("IMG_1.jpg", "metadata.json"),
    ("IMG_1.jpg", "IMG_1.jpg.metadata.json"),
    ("IMG_1.jpg", "IMG_1.jpg.json.txt"),
    ("IMG_1-edited.jpg", "IMG_2.jpg.json"),
    ("-edited.jpg", ".jpg.json"),
    (f"{LONG[:47]}.jpg", f"{LONG[:40]}.json"),
]


def found_in(*names: str) -> dict[Key, bytes]:
    keys = {name: json_key(name) for name in names}
    return {key: name.encode() for name, key in keys.items() if key is not None}


@pytest.mark.parametrize(("photo", "beside"), PAIRS)
def test_a_photograph_finds_its_json(photo: str, beside: str) -> None:
    assert json_of(photo, found_in(beside, "other.jpg.json", "metadata.json")) == beside.encode()


@pytest.mark.parametrize(("photo", "beside"), STRANGERS)
def test_anothers_json_is_not_taken(photo: str, beside: str) -> None:
    assert json_of(photo, found_in(beside)) is None


def test_of_several_the_nearest_counts() -> None:
    names = found_in("a(1).jpg.json", "a.jpg(1).json", "a.jpg.json")
    assert json_of("a(1).jpg", names) == b"a(1).jpg.json"
    assert json_of("a.jpg", names) == b"a.jpg.json"
    edited = found_in("a-edited.jpg.json", "a.jpg.json")
    assert json_of("a-edited.jpg", edited) == b"a-edited.jpg.json"


def test_what_no_export_names_so_is_not_kept_in_mind() -> None:
    """Data sets have a JSON file for each picture: a folder of a million costs no memory."""
    for name in ("IMG_1.json", "000001.json", "labels.coco.json", "package.json", ".json", "json"):
        assert json_key(name) is None


@given(st.text(st.sampled_from("ab(1).jpgsonmeta-edited"), max_size=60))
def test_any_name_is_survived_and_finds_the_json_that_google_gives_it(name: str) -> None:
    json_key(name)
    json_of(name, found_in("a.jpg.json"))
    photo = f"{name.replace('(', '').strip('.')[:20]}x.jpg"
    for beside in (f"{photo}.json", f"{photo}.supplemental-metadata.json"):
        assert json_of(photo, found_in(beside)) == beside.encode()


def read(said: object) -> Metadata:
    found = read_takeout(json.dumps(said).encode())
    assert found is not None
    return found[0]


def test_time_place_description_and_favourite_are_read() -> None:
    found = read_takeout(json.dumps(BEACH).encode())
    assert found is not None
    metadata, times = found
    assert (metadata.latitude, metadata.longitude, metadata.altitude_m) == (43.4, -1.6, 12.5)
    assert (metadata.description, metadata.favourite) == ("Tom's beach\nat noon", True)
    assert metadata.title is None  # it is the file's name
    ((source, taken),) = times
    assert (source, taken.at, taken.offset_min) == (TakenAtSource.TAKEOUT, NOON, 0)


def test_a_title_that_is_no_files_name_is_one() -> None:
    assert read(BEACH | {"title": "Sunset &amp; sea"}).title == "Sunset & sea"


def test_zeros_stand_for_unknown() -> None:
    nowhere = {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0}
    metadata = read(BEACH | {"geoData": nowhere})
    assert (metadata.latitude, metadata.longitude) == (1.0, 2.0)
    metadata = read(BEACH | {"geoData": nowhere, "geoDataExif": nowhere, "favorited": False})
    assert (metadata.latitude, metadata.altitude_m, metadata.favourite) == (None, None, None)
    found = read_takeout(json.dumps(BEACH | {"photoTakenTime": {"timestamp": "0"}}).encode())
    assert found is not None
    assert found[1] == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"title": "from another program"}',
        b"[" * 100_000,
        b'{"geoData":' * 50_000,
        b'{"photoTakenTime":' + b"[" * 31 + b"]" * 31 + b"}",
        b'{"geoData": {}, "x": "' + b"y" * MAX_TAKEOUT_BYTES + b'"}',
    ],
)
def test_what_is_not_googles_or_too_large_is_none(data: bytes) -> None:
    assert read_takeout(data) is None


@pytest.mark.parametrize(
    "hostile",
    [
        {"photoTakenTime": {"timestamp": "9" * 15}},
        {"photoTakenTime": {"timestamp": 10**400}},
        {"photoTakenTime": {"timestamp": True}},
        {"photoTakenTime": {"timestamp": "-99999999999"}},
        {"photoTakenTime": []},
        {"geoData": {"latitude": 91, "longitude": 0.5}},
        {"geoData": {"latitude": "43", "longitude": True}},
        {"geoData": {"latitude": float("inf"), "longitude": float("nan")}},
        {"geoData": {"latitude": 10**400, "longitude": 1}},
        {"geoData": 7, "geoDataExif": "x"},
        {"geoData": {}, "title": {"a": 1}, "description": 5, "favorited": "yes"},
        {"geoData": {}, "title": "\x00\ud800", "description": "\x07"},
    ],
)
def test_values_that_cannot_be_are_absent(hostile: object) -> None:
    found = read_takeout(json.dumps(hostile).encode())
    assert found is not None
    assert found == (Metadata(), ()) or (found[0].title or "").isprintable()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from([*BEACH, "timestamp", "latitude", "longitude", "altitude"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_no_fault_of_the_picture(said: object) -> None:
    data = json.dumps(said).encode()
    read_takeout(data)
    found = extract_metadata(PHOTO, Format.JPEG, sidecars=[data])
    assert found.latitude is None or abs(found.latitude) <= 90


PHOTO = encoded(scene(32, 24))


def test_it_stands_behind_the_camera_and_before_guesses() -> None:
    beside = json.dumps(BEACH).encode()
    found = extract_metadata(
        PHOTO, Format.JPEG, sidecars=[beside], path="2001-01-01.jpg", mtime_ns=1
    )
    assert (found.taken_at, found.taken_at_source) == (NOON, TakenAtSource.TAKEOUT)
    assert (found.latitude, found.favourite) == (43.4, True)
    exif = Image.Exif()
    exif.get_ifd(34665)[36867] = "2021:03:04 12:00:05"
    stamped = encoded(scene(32, 24), exif=exif.tobytes())
    found = extract_metadata(stamped, Format.JPEG, sidecars=[beside])
    assert found.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL
    assert found.description == "Tom's beach\nat noon"
    both = [xmp_with("<dc:description>Of a catalogue</dc:description>"), beside]
    assert extract_metadata(stamped, Format.JPEG, sidecars=both).description == "Of a catalogue"
