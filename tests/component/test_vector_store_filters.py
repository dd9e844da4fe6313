"""A filter means the same to every store, whatever text it is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.store_fixtures import (
    COLLECTION,
    DIM,
    filled,
    ids,
    local_store,
    point,
    points,
    unit,
)
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio


MOMENT = datetime(2020, 1, 2)  # noqa: DTZ001  # a camera's clock has no zone


@pytest.mark.parametrize(
    "filters",
    [
        Filters(taken_after=MOMENT),
        Filters(taken_before=MOMENT),
        Filters(camera="nikon"),
        Filters(camera="n 100%_'d'"),
        Filters(camera="0%'"),
        Filters(lens="ef 24-105"),
        Filters(lens="%"),
        Filters(rating_min=-1),
        Filters(rating_min=0),
        Filters(rating_min=3),
        Filters(keywords=("rom",)),
        Filters(keywords=("rom", "ÉTÉ")),
        Filters(keywords=("ro",)),
        Filters(keywords=("places|rom",)),
        Filters(keywords=("Rom\x1fÉté",)),
        Filters(path_prefix="/photos/3/"),
        Filters(path_prefix="/photos/_/"),
        Filters(path_prefix="/PHOTOS/3"),
        Filters(keywords=("E\u0301te\u0301",)),
        Filters(formats=("jpeg", "heic")),
        Filters(formats=()),
        Filters(formats=("' OR 1=1 --",)),
        Filters(min_width_px=120, min_height_px=1960),
        Filters(has_gps=True),
        Filters(has_gps=False, formats=("png",)),
    ],
    ids=str,
)
async def test_a_filter_costs_no_results(store: VectorStore, filters: Filters) -> None:
    await filled(store, 50)
    expected = {each.id for each in points(0, 50) if filters.matches(each)}
    hits = await store.search(COLLECTION, unit(2), limit=50, filters=filters)
    assert {hit.point.id for hit in hits} == expected
    page = await store.page(COLLECTION, limit=50, offset=0, filters=filters)
    assert set(ids(page)) == expected


TEXT = st.text(st.sampled_from("aAé\u0301ßsSKﬁ각\u11a8%_'\"\\;-( İΣσς🚲\x00\udcff"), max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=TEXT,
    camera=TEXT,
    words=st.lists(TEXT, max_size=2),
    prefix=TEXT,
    formats=st.lists(TEXT, max_size=3),
)
async def test_no_text_means_anything_but_itself_to_a_folder(
    tmp_path: Path, stored: str, camera: str, words: list[str], prefix: str, formats: list[str]
) -> None:
    store = local_store(str(tmp_path / uuid4().hex))
    await store.create(COLLECTION, dim=DIM)
    odd = replace(
        point(
            1,
            display_path=stored + prefix,
            metadata=Metadata(camera_make=stored, lens=stored, keywords=(*words, stored)),
        ),
        format=stored,
    )
    await store.write(COLLECTION, [odd, point(2)], may_exist=())
    held: list[Point] = await store.get(COLLECTION, [odd.id, point(2).id])
    for filters in (
        Filters(camera=camera.replace("\udcff", "\ufffd")),
        Filters(lens=camera.replace("\udcff", "\ufffd")),
        Filters(keywords=(camera.replace("\udcff", "\ufffd"),)),
        Filters(keywords=tuple(word.replace("\udcff", "\ufffd").upper() for word in words)),
        Filters(path_prefix=prefix.replace("\udcff", "\ufffd")),
        Filters(formats=tuple(name.replace("\udcff", "\ufffd") for name in formats)),
    ):
        found = await store.page(COLLECTION, limit=5, offset=0, filters=filters)
        assert set(ids(found)) == {each.id for each in held if filters.matches(each)}
