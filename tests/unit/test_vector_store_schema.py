"""Points to Arrow and back, and filters to SQL: nothing changes its meaning on the way."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.lance.reading.filters_sql import (
    condition,
    id_in,
    text,
)
from ingestion_orchestration_fastapi_app.adapters.lance.rows import to_points, to_table
from ingestion_orchestration_fastapi_app.adapters.lance.schema import schema
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import RowsRefused
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.text.storable import storable

DIM = 3
INT32 = st.integers(0, 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # surrogates, too
POSITIVE = st.floats(0, 1e9, exclude_min=True)
ANY_FLOAT = st.floats() | st.integers(-(10**400), 10**400)
ANY_INT = st.integers(-(2**70), 2**70) | st.integers()

POINTS = st.builds(
    Point,
    id=st.uuids(),
    vector=st.just(np.asarray([0.6, 0.0, 0.8], dtype=np.float32)),
    root_id=st.uuids(),
    path=st.binary(),
    display_path=ANY_TEXT,
    filename=ANY_TEXT,
    sha256=st.binary(min_size=32, max_size=32),
    size_bytes=INT64,
    mtime_ns=INT64,
    format=ANY_TEXT,
    width_px=INT32,
    height_px=INT32,
    phash=st.integers(0, 2**64 - 1),
    partial=st.booleans(),
    pixel_source=ANY_TEXT,
    metadata=st.builds(
        Metadata,
        taken_at=st.none() | st.datetimes(),
        camera_make=st.none() | ANY_TEXT,
        camera_model=st.none() | ANY_TEXT,
        latitude=st.none() | st.floats(-90, 90),
        longitude=st.none() | st.floats(-180, 180),
        taken_at_source=st.none() | st.sampled_from(TakenAtSource),
        taken_at_offset_min=st.none() | st.integers(-840, 840),
        lens=st.none() | ANY_TEXT,
        focal_length_mm=st.none() | POSITIVE,
        aperture_f=st.none() | POSITIVE,
        exposure_s=st.none() | POSITIVE,
        iso=st.none() | INT32,
        flash_fired=st.none() | st.booleans(),
        altitude_m=st.none() | st.floats(-180, 180),
        rating=st.none() | st.integers(-1, 5),
        title=st.none() | ANY_TEXT,
        description=st.none() | ANY_TEXT,
        keywords=st.lists(ANY_TEXT, max_size=3).map(tuple),
        software=st.none() | ANY_TEXT,
        favourite=st.none() | st.booleans(),
        sidecar_turn=st.none() | st.integers(2, 8),
        motion=st.none() | st.booleans(),
    ),
    caption=st.none() | ANY_TEXT,
    fingerprint=ANY_TEXT,
    job_id=ANY_TEXT,
    companions=st.lists(ANY_TEXT, max_size=3).map(tuple),
)


# What no reader should give, and a file can make one give.
WILD_POINTS = st.builds(
    replace,
    POINTS,
    id=st.uuids(),
    size_bytes=ANY_INT,
    mtime_ns=ANY_INT,
    width_px=ANY_INT,
    height_px=ANY_INT,
    phash=ANY_INT,
    metadata=st.builds(
        Metadata,
        taken_at=st.none() | st.datetimes(timezones=st.none() | st.timezones()),
        taken_at_offset_min=st.none() | ANY_INT,
        latitude=st.none() | ANY_FLOAT,
        longitude=st.none() | ANY_FLOAT,
        altitude_m=st.none() | ANY_FLOAT,
        focal_length_mm=st.none() | ANY_FLOAT,
        aperture_f=st.none() | ANY_FLOAT,
        exposure_s=st.none() | ANY_FLOAT,
        iso=st.none() | ANY_INT,
        rating=st.none() | ANY_INT,
        title=st.none() | ANY_TEXT,
        keywords=st.lists(ANY_TEXT, max_size=3).map(tuple),
    ),
)


def with_storable_text(point: Point) -> Point:
    said: dict[str, Any] = {
        name: storable(value) if isinstance(value, str) else value
        for name, value in asdict(point.metadata).items()
        if name != "taken_at_source"
    }
    said["keywords"] = tuple(map(storable, point.metadata.keywords))
    if None in (said["latitude"], said["longitude"]):
        said["latitude"] = said["longitude"] = None
    return replace(
        point,
        display_path=storable(point.display_path),
        filename=storable(point.filename),
        format=storable(point.format),
        pixel_source=storable(point.pixel_source),
        caption=None if point.caption is None else storable(point.caption),
        fingerprint=storable(point.fingerprint),
        job_id=storable(point.job_id),
        companions=tuple(map(storable, point.companions)),
        metadata=replace(point.metadata, **said),
    )


@given(st.lists(POINTS, min_size=1, max_size=4))
def test_points_survive_arrow(points: list[Point]) -> None:
    table = to_table(points, dim=DIM)
    assert table.schema.equals(schema(DIM))
    back = to_points(table)
    for found, written in zip(back, points, strict=True):
        np.testing.assert_array_equal(found.vector, written.vector)
        assert replace(found, vector=written.vector) == with_storable_text(written)


@given(st.lists(WILD_POINTS, min_size=1, max_size=4))
def test_no_value_of_one_point_keeps_the_others_from_being_stored(points: list[Point]) -> None:
    for found, wild in zip(to_points(to_table(points, dim=DIM)), points, strict=True):
        assert found.id == wild.id
        for value in asdict(found.metadata).values():
            assert not isinstance(value, float) or math.isfinite(value)
        place = (found.metadata.latitude, found.metadata.longitude)
        assert place == (None, None) or None not in place
        if abs(wild.mtime_ns) < 2**63:
            assert found.mtime_ns == wild.mtime_ns


@given(st.lists(POINTS, min_size=1, max_size=3), POINTS)
def test_a_point_that_is_no_row_is_named_alone(points: list[Point], odd: Point) -> None:
    broken = replace(odd, metadata=replace(odd.metadata, iso="many"))  # type: ignore[arg-type]  # what a bug would give
    with pytest.raises(RowsRefused) as refused:
        to_table([*points, broken], dim=DIM)
    assert set(refused.value.why) == {broken.id}


@given(ANY_TEXT)
def test_storable_text_is_utf_8_and_keeps_its_length(value: str) -> None:
    kept = storable(value)
    kept.encode()
    assert len(kept) == len(value)


@given(ANY_TEXT)
def test_a_literal_ends_where_it_should(value: str) -> None:
    literal = text(value)
    assert re.fullmatch(r"'(?:[^']|'')*'", literal, re.DOTALL)
    assert literal[1:-1].replace("''", "'") == storable(value)


def test_no_filter_asks_nothing() -> None:
    assert condition(NO_FILTERS) is None
    assert condition(Filters(camera="", path_prefix="", min_width_px=0)) is None


def test_a_time_with_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        condition(Filters(taken_after=datetime(2020, 1, 1, tzinfo=UTC)))


def test_ids_are_written_out() -> None:
    number = UUID(int=1)
    assert id_in([number]) == f"id IN ('{number}')"
