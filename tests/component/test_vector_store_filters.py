"""A filter means the same to every store, whatever text it is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.filters import (
    NO_FILTERS,
    Box,
    Circle,
    Filters,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from tests.component.store_bucket import KINDS, Bucket, store_of
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
from utils.contract import Orientation
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=KINDS)
async def fifty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bucket: Bucket
) -> VectorStore:
    folder = str(tmp_path_factory.mktemp("fifty"))
    return await filled(store_of(request.param, folder, bucket), 50)


MOMENT = datetime(2020, 1, 2)  # noqa: DTZ001  # a camera's clock has no zone


NOWHERE = Filters(box=Box(-90, -180, 90, 180))
FURTHER = [
    Filters(taken_after=MOMENT),
    Filters(taken_before=MOMENT, camera="nikon"),
    Filters(taken_after=datetime.min),  # noqa: DTZ901  # as above
    Filters(taken_after=datetime(1677, 1, 1)),  # noqa: DTZ001  # as above
    Filters(taken_before=datetime.max),  # noqa: DTZ901  # as above
    Filters(lens="ef"),
    Filters(cameras=("nikon", "canon 100%_'d'")),
    Filters(cameras=("100%_'D'",), lenses=("EF 24-105MM f/4L", "\udcff")),
    Filters(cameras=(" canon", "cano")),
    Filters(lenses=()),
    Filters(rating_max=0),
    Filters(rating_min=0, rating_max=3),
    Filters(keywords=("rom",)),
    Filters(folder="/PHOTOS/3"),
    Filters(folder="/photos"),
    Filters(folder="/", subfolders=False),
    Filters(folder="/photos/3/", subfolders=False),
    Filters(folder="/photos", subfolders=False),
    Filters(formats=()),
    Filters(max_width_px=120, max_height_px=1990),
    Filters(max_width_px=2**40, max_height_px=2**31),
    Filters(min_width_px=2**40),
    Filters(min_pixels=120 * 1980),
    Filters(min_pixels=110 * 1990 + 1, max_pixels=140 * 1960),
    Filters(min_pixels=0, max_pixels=2**70),
    Filters(min_pixels=2**70),
    Filters(min_size_bytes=5_000_000_010, max_size_bytes=5_000_000_020),
    Filters(min_size_bytes=2**70),
    Filters(max_size_bytes=2**70),
    *(Filters(orientation=one) for one in Orientation),
    Filters(has_gps=True),
    NOWHERE,
    Filters(box=Box(1, 7.5, 3, 7.5)),
    Filters(box=Box(1, 7.6, 3, 7.4)),
    Filters(circle=Circle(2, 7.5, radius_km=100)),
    Filters(circle=Circle(2, -172.5, radius_km=20_040)),
    Filters(circle=Circle(89.95, 7.5, radius_km=9_800)),
    Filters(ids=frozenset({point(3).id, point(4).id, point(900).id})),
    Filters(ids=frozenset()),
    Filters(within=(b"/photos",)),
    Filters(outside=(b"/photos",)),
    Filters(outside=(b"/photo", b"/photos/a"), within=(b"/photos",)),
    Filters(none_of=(Filters(outside=(b"/photos",)),)),
    Filters(within=(b"/photo",)),
    Filters(within=()),
    NO_FILTERS,
    Filters(any_of=(Filters(camera="nikon"), Filters(rating_min=3), Filters(camera="no one's"))),
    Filters(all_of=(Filters(camera="nikon"), Filters(rating_min=3))),
    Filters(camera="nikon", none_of=(Filters(rating_min=3), Filters(taken_after=MOMENT))),
    Filters(any_of=(NOWHERE, Filters(none_of=(Filters(any_of=(NOWHERE, NO_FILTERS)),)))),
]


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


@pytest.mark.parametrize("filters", [*FURTHER, *(Filters(none_of=(one,)) for one in FURTHER)])
async def test_a_condition_and_its_opposite_mean_the_same_to_every_store(
    fifty: VectorStore, filters: Filters
) -> None:
    expected = {each.id for each in points(0, 50) if filters.matches(each)}
    hits = await fifty.search(COLLECTION, unit(2), limit=50, filters=filters)
    assert {hit.point.id for hit in hits} == expected
    assert await fifty.count(COLLECTION, filters) == len(expected)


LEAVES = st.sampled_from(FURTHER)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda own, all_of, any_of, none_of: replace(
            own, all_of=tuple(all_of), any_of=tuple(any_of), none_of=tuple(none_of)
        ),
        LEAVES,
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(trees=st.lists(TREES, min_size=1, max_size=8))
async def test_a_tree_means_the_same_to_every_store(
    trees: list[Filters], fifty: VectorStore
) -> None:
    rows = points(0, 50)
    for filters in trees:
        found = await fifty.page(COLLECTION, limit=50, offset=0, filters=filters)
        assert set(ids(found)) == {each.id for each in rows if filters.matches(each)}


async def test_captions_must_be_ids_before_a_store_is_asked(store: VectorStore) -> None:
    await filled(store, 3)
    for asked in (
        Filters(has_caption=True),
        Filters(none_of=(Filters(has_caption=False),)),
        Filters(any_of=(Filters(favourite=True),)),
        Filters(tags=("a",)),
    ):
        with pytest.raises(ValueError, match="ledger"):
            await store.page(COLLECTION, limit=5, offset=0, filters=asked)
