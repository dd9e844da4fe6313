"""A date means the same however its writer put it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metadata_files import exif, iim, jpeg_with_exif, jpeg_with_iptc
from utils.imaging.formats import Format
from utils.metadata.extractor import extract_metadata
from utils.metadata.iptc import read_iptc
from utils.metadata.photo_metadata import TakenAtSource
from utils.metadata.png_words import written_date

NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a wall clock


@pytest.mark.parametrize(
    ("fields", "at", "offset_min"),
    [
        ([(55, "20210304"), (60, "120005+0200")], NOON, 120),
        ([(55, "20210304"), (60, "120005")], NOON, None),
        ([(55, "2021-03-04"), (60, "12:00:05-05:00")], NOON, -300),
        ([(55, "20210304")], NOON.replace(hour=0, second=0), None),
        ([(55, "00000000"), (62, "20210304"), (63, "120005+0000")], NOON, 0),
        ([(55, "20210304"), (60, "nonsense")], NOON.replace(hour=0, second=0), None),
    ],
)
def test_iptc_says_when_a_picture_was_made(
    fields: list[tuple[int, str]], at: datetime, offset_min: int | None
) -> None:
    data = jpeg_with_iptc(iim(*((number, text.encode()) for number, text in fields)))
    found = extract_metadata(data, Format.JPEG, mtime_ns=1)
    assert (found.taken_at, found.taken_at_offset_min) == (at, offset_min)
    assert found.taken_at_source is TakenAtSource.IPTC


@pytest.mark.parametrize("day", ["20210000", "20211345", "2021", "", "yesterday", "99999999"])
def test_a_date_of_iptc_that_cannot_be_is_none(day: str) -> None:
    assert read_iptc(iim((55, day.encode())))[1] == ()


@pytest.mark.parametrize(
    ("text", "at", "offset_min"),
    [
        ("Thu, 04 Mar 2021 12:00:05 +0200", NOON, 120),
        ("4 Mar 2021 12:00:05 GMT", NOON, 0),
        ("4 Mar 2021 12:00:05", NOON, None),
        ("Thu Mar  4 12:00:05 2021", NOON, None),
        ("Thu Mar  4 12:00:05 CET 2021", NOON, None),
        ("Thu 04 Mar 2021 12:00:05 PM CET", NOON, None),
        ("March 4, 2021 12:00:05", NOON, None),
        ("2021:03:04 12:00:05", NOON, None),
        ("2021-03-04T12:00:05-05:00", NOON, -300),
        ("2021-03-04 12:00:05", NOON, None),
        ("4 Mar 2021", NOON.replace(hour=0, second=0), None),
    ],
)
def test_a_date_in_words_is_read(text: str, at: datetime, offset_min: int | None) -> None:
    found = written_date(text)
    assert found is not None
    assert (found.at, found.offset_min) == (at, offset_min)


@pytest.mark.parametrize("text", ["", "yesterday", "31 Feb 2021", "4/5/2021", "99 Mar 2021", "Mar"])
def test_a_date_in_words_that_is_none_is_none(text: str) -> None:
    assert written_date(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for shown in (text, f"4 Mar 2021 {text}", f"Mar 4 {text} 2021"):
        written_date(shown)


@pytest.mark.parametrize(
    "text",
    ["2021:03:04 12:00:05", "2021:03:04  12:00:05", "2021-03-04 12:00:05", "2021:03:04 12: 0: 5"],
)
def test_the_last_change_is_a_guess_that_says_so(text: str) -> None:
    found = extract_metadata(jpeg_with_exif(exif({306: text})), Format.JPEG, mtime_ns=1)
    assert (found.taken_at, found.taken_at_source) == (NOON, TakenAtSource.MODIFY_DATE)
    both = exif({306: text}, {36867: "2020:01:01 00:00:00"})
    kept = extract_metadata(jpeg_with_exif(both), Format.JPEG)
    assert kept.taken_at_source is TakenAtSource.DATE_TIME_ORIGINAL
