"""Times as cameras write them: kept with their zone, or known to have none."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.metadata.capture_time import (
    Moment,
    file_moment,
    gps_moment,
    most_trusted,
    offset_min,
    parsed_moment,
)
from utils.metadata.photo_metadata import TakenAtSource

NOON = datetime(2021, 3, 4, 12, 0, 5)  # noqa: DTZ001  # a wall clock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021:03:04 12:00:05", Moment(NOON)),
        ("2021-03-04T12:00:05", Moment(NOON)),
        ("2021:03:04 12:00:05+05:30", Moment(NOON, 330)),
        ("2021-03-04T12:00:05Z", Moment(NOON, 0)),
        ("2021-03-04T12:00:05.25-0230", Moment(NOON.replace(microsecond=250_000), -150)),
        ("2021-03-04T12:00", Moment(NOON.replace(second=0))),
        ("2021/3/4 12:00:05", Moment(NOON)),
        ("2021-03-04", Moment(NOON.replace(hour=0, second=0))),
        ("2021:03:04 12:00:05\x00\x00", Moment(NOON)),
    ],
)
def test_what_cameras_and_programs_write_is_read(text: str, expected: Moment) -> None:
    assert parsed_moment(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "0000:00:00 00:00:00", "    :  :     :  :  ", "2021:02:30 10:00:00", "2021:13:01 10:00:00",
     "2021:01:01 24:00:00", "0001:01:01 00:00:00", "yesterday", "٢٠٢١:٠٣:٠٤ ١٢:٠٠:٠٥"],
)  # fmt: skip
def test_an_invalid_date_is_no_date(text: str) -> None:
    assert parsed_moment(text) is None


def test_exifs_parts_are_put_together() -> None:
    found = parsed_moment("2021:03:04 12:00:05", fraction="17 ", offset="+02:00")
    assert found == Moment(NOON.replace(microsecond=170_000), 120)
    assert parsed_moment("2021:03:04 12:00:05", fraction="x", offset="   :  ") == Moment(NOON)


@pytest.mark.parametrize("text", ["+25:00", "-14:30", "+01:75", "here", "", "+1:00"])
def test_an_offset_that_cannot_be_is_none(text: str) -> None:
    assert offset_min(text) is None


def test_gps_time_is_utc_and_must_be_a_time() -> None:
    assert gps_moment("2021:03:04", (12, 0, 5)) == Moment(NOON, 0)
    for clock in ((25, 0, 0), (1, 60, 0), (float("nan"), 0, 0), (1, 2), (-1, 0, 0)):
        assert gps_moment("2021:03:04", clock) is None
    assert gps_moment("", (12, 0, 5)) is None
    assert gps_moment("9999:12:31", (23, 59, 60.9)) is None


def test_the_best_source_wins_and_of_one_source_the_first() -> None:
    early, late = Moment(NOON), Moment(NOON.replace(year=2022))
    in_order = list(TakenAtSource)
    found = most_trusted([(source, late) for source in reversed(in_order)])
    assert found == (TakenAtSource.DATE_TIME_ORIGINAL, late)
    assert most_trusted([(TakenAtSource.XMP, early), (TakenAtSource.XMP, late)]) == (
        TakenAtSource.XMP,
        early,
    )
    assert most_trusted([]) is None


@given(st.integers(-(2**70), 2**70))
def test_any_file_time_is_a_moment_or_none(mtime_ns: int) -> None:
    found = file_moment(mtime_ns)
    assert found is None or found.offset_min == 0


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_any_text_is_a_moment_or_none(text: str, fraction: str, offset: str) -> None:
    for shown in (text, "2021:03:04 12:00:05" + text):
        found = parsed_moment(shown, fraction=fraction, offset=offset)
        assert found is None or found.at.tzinfo is None


@given(st.datetimes(min_value=datetime(1826, 1, 1)), st.none() | st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_every_time_survives_being_written(at: datetime, offset: int | None) -> None:
    text = at.isoformat()
    if offset is not None:
        hours, minutes = divmod(abs(offset), 60)
        text += f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    assert parsed_moment(text) == Moment(at, offset)
