"""What requests may say: times as far as somebody writes them, names of formats, bounds."""

from __future__ import annotations

import calendar
import functools
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from utils.contract import FilterSpec, IngestRequest, SearchTextRequest, formats_named
from utils.imaging.formats import Format
from utils.web.bodies.declared_length import declared_bytes


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2100", "2100-01-01T00:00:00", "2100-12-31T23:59:59.999999"),
        ("2020-02", "2020-02-01T00:00:00", "2020-02-29T23:59:59.999999"),
        ("2019-05-03", "2019-05-03T00:00:00", "2019-05-03T23:59:59.999999"),
        (
            "2019-05-03T14:30",
            "2019-05-03T14:30:00",
            "2019-05-03T14:30:59.999999",
        ),
        (
            "2019-05-03 14:30:05+09:00",
            "2019-05-03T14:30:05",
            "2019-05-03T14:30:05.999999",
        ),
        (
            "2019-05-03T14:30:05.25Z",
            "2019-05-03T14:30:05.250000",
            "2019-05-03T14:30:05.250000",
        ),
    ],
)
def test_a_time_is_meant_from_its_beginning_or_until_its_end(
    written: str, first: str, last: str
) -> None:
    spec = FilterSpec.model_validate({"taken_after": written, "taken_before": written})
    assert spec.taken_after == datetime.fromisoformat(first)
    assert spec.taken_before == datetime.fromisoformat(last)


@pytest.mark.parametrize(
    "written", [2030, 2030.5, True, "", "20", "2019-13", "2019-02-30", "2019-05-03T25:00", "now"]
)
@pytest.mark.parametrize("name", ["taken_after", "taken_before"])
def test_what_is_no_time_is_refused_and_the_forms_are_named(name: str, written: object) -> None:
    with pytest.raises(ValidationError, match="2019-05-03T14:30:00"):
        FilterSpec.model_validate({name: written})


@given(st.datetimes())
def test_every_time_that_is_written_whole_is_itself(moment: datetime) -> None:
    text = moment.isoformat(timespec="microseconds")
    spec = FilterSpec.model_validate({"taken_after": text, "taken_before": text})
    assert spec.taken_after == spec.taken_before == moment


@pytest.mark.parametrize(
    ("names", "formats"),
    [
        (["jpg"], ["jpeg"]),
        ([".JPG", "Jpeg"], ["jpeg"]),
        (["tif"], ["tiff"]),
        (["heif"], ["heic"]),
        (["DNG"], ["dng"]),
        (["raw"], sorted(known.value for known in Format if known.is_raw)),
    ],
)
def test_formats_are_known_by_their_names_and_extensions(
    names: list[str], formats: list[str]
) -> None:
    spec = FilterSpec.model_validate({"formats": names})
    assert spec.formats is not None
    assert list(formats_named(spec.formats)) == formats


@pytest.mark.parametrize("name", ["nonsense", "", ".", "..jpg", 7, "image/jpeg"])
def test_an_unknown_format_is_refused_and_the_names_are_said(name: object) -> None:
    with pytest.raises(ValidationError, match=r"heic, .*jpg, .*raw, .*tif"):
        FilterSpec.model_validate({"formats": [name]})


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (FilterSpec, {"min_width_px": 10**30}),
        (FilterSpec, {"min_height_px": 2**40}),
        (FilterSpec, {"rating_min": 2**63}),
        (FilterSpec, {"min_megapixels": float("nan")}),
        (FilterSpec, {"min_megapixels": "12"}),
        (FilterSpec, {"max_megapixels": 10**7}),
        (FilterSpec, {"has_gps": 1}),
        (FilterSpec, {"path_prefix": "/" * 5000}),
        (SearchTextRequest, {"query": "x", "offset": 2**63}),
        (SearchTextRequest, {"query": "x", "limit": "5"}),
        (SearchTextRequest, {"query": "x", "limit": True}),
        (SearchTextRequest, {"query": "x", "min_score": float("nan")}),
        (SearchTextRequest, {"query": "x", "min_score": float("-inf")}),
        (SearchTextRequest, {"query": "\ud800"}),
        (SearchTextRequest, {"query": "x", "collection": "c" * 300}),
        (IngestRequest, {"directory_path": "/x", "force": "yes"}),
        (IngestRequest, {"directory_path": "/x" * 5000}),
    ],
)
def test_what_is_out_of_its_bounds_or_of_another_type_is_refused(
    model: Any, body: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (None, 0),
        ("", 0),
        ("-1", 0),
        ("1e3", 0),
        ("²", 0),
        ("0000000011100", 11100),
        ("0", 0),
    ],
)
def test_a_declared_length_is_read_whole(header: str | None, length: int) -> None:
    assert declared_bytes(header) == length


def test_a_length_that_no_number_can_hold_is_more_than_any_limit() -> None:
    assert declared_bytes("9" * 100_000) > 2**60


@functools.cache  # a hundred examples ask for it, and making the schema takes long
def taken_after_patterns() -> tuple[str, ...]:
    schema = FilterSpec.model_json_schema()
    spec = schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]  # filters hold filters
    told = spec["properties"]["taken_after"]["anyOf"][0]["anyOf"]
    return tuple(one["pattern"] for one in told if "pattern" in one)


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001  # a camera's clock
def test_the_schema_knows_the_days_that_there_are(moment: datetime) -> None:
    assert any(re.match(pattern, moment.isoformat()) for pattern in taken_after_patterns())


@given(st.integers(1000, 9999), st.integers(1, 12), st.integers(29, 31))
def test_the_schema_knows_no_other_days(year: int, month: int, day: int) -> None:
    text = f"{year}-{month:02}-{day}T10:00:00"
    by_schema = any(re.match(pattern, text) for pattern in taken_after_patterns())
    assert by_schema == (day <= calendar.monthrange(year, month)[1])
