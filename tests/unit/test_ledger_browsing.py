"""What the catalogue gives is what its twin gives, whose filters are `Filters.matches`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    Listed,
    Order,
    Position,
    Sort,
    Viewport,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import (
    NO_FILTERS,
    Circle,
    Filters,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.catalogued import FILTERS, OPPOSITES, ORDERS, filled
from tests.unit.ledger_words import a_ledger, key

pytestmark = pytest.mark.anyio

PATIENCE_S = 120


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Ledger, Ledger]]:
    folder: Path = tmp_path_factory.mktemp("ledger")
    async with a_ledger("sqlite", folder) as real, a_ledger("memory", folder) as twin:
        await filled(real)
        await filled(twin)
        yield real, twin


async def whole(
    ledger: Ledger, filters: Filters, order: Order, *, limit: int, is_dense: bool
) -> list[Listed]:
    found: list[Listed] = []
    after: Position | None = None
    while True:
        page = await ledger.browsing.page(
            1, filters, order, after=after, limit=limit, is_dense=is_dense
        )
        found += page
        if len(page) < limit:
            return found
        after = page[-1].position


async def test_when_images_were_added_is_known_of_those_that_are_there(
    both: tuple[Ledger, Ledger],
) -> None:
    real, twin = both
    order = Order(Sort.ADDED)
    listed = await whole(twin, NO_FILTERS, order, limit=999, is_dense=True)
    expected = {one.id: one.position.value for one in listed[::2]}
    asked = [*expected, UUID(int=1)]
    assert await real.browsing.added(1, asked) == expected
    assert await twin.browsing.added(1, asked) == expected
    assert await real.browsing.added(2, asked) == await twin.browsing.added(2, asked) == {}


@pytest.mark.parametrize("filters", [*FILTERS, *OPPOSITES], ids=range(2 * len(FILTERS)))
async def test_a_filter_means_to_sql_what_it_means(
    both: tuple[Ledger, Ledger], filters: Filters
) -> None:
    real, twin = both
    for order in (ORDERS[1], ORDERS[4]):
        expected = await whole(twin, filters, order, limit=999, is_dense=True)
        for is_dense in (False, True):
            assert await whole(real, filters, order, limit=80, is_dense=is_dense) == expected
    number = len(expected)
    assert await real.browsing.count(1, filters, at_most=None) == number
    assert await real.browsing.count(1, filters, at_most=7) == min(number, 7)
    assert await real.browsing.days(1, filters) == await twin.browsing.days(1, filters)
    assert await real.browsing.folders(1, filters) == await twin.browsing.folders(1, filters)
    wanted = dict.fromkeys(Facet, filters)
    counted = await real.browsing.facets(1, wanted, top=3)
    assert counted == await twin.browsing.facets(1, wanted, top=3)


LEAVES = st.sampled_from(FILTERS)
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


@settings(max_examples=40, deadline=None)
@given(filters=TREES)
async def test_a_tree_means_to_sql_what_it_means(
    both: tuple[Ledger, Ledger], filters: Filters
) -> None:
    real, twin = both
    expected = await whole(twin, filters, ORDERS[0], limit=999, is_dense=True)
    assert await whole(real, filters, ORDERS[0], limit=999, is_dense=False) == expected


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_pages_of_any_length_give_each_picture_once(
    both: tuple[Ledger, Ledger], order: Order
) -> None:
    real, twin = both
    expected = await whole(twin, NO_FILTERS, order, limit=999, is_dense=True)
    assert len({one.id for one in expected}) == 150
    for limit in (1, 7, 150, 151):
        assert await whole(real, NO_FILTERS, order, limit=limit, is_dense=True) == expected
    for offset in (0, 1, 60, 119, 120, 121, 149, 150, 400):
        page = await real.browsing.page(
            1, NO_FILTERS, order, after=None, offset=offset, limit=9, is_dense=True
        )
        assert page == expected[offset : offset + 9]


async def test_pictures_without_a_date_are_the_last_in_either_direction(
    both: tuple[Ledger, Ledger],
) -> None:
    for ledger in both:
        for order in ORDERS[:2]:
            found = await whole(ledger, NO_FILTERS, order, limit=999, is_dense=True)
            values = [one.position.value for one in found]
            dated = [one for one in values if one is not None]
            assert values == [*sorted(dated, reverse=order.is_descending), *[None] * 30]


async def test_a_cursor_of_a_root_that_is_gone_ends_the_pages(
    both: tuple[Ledger, Ledger],
) -> None:
    real, _ = both
    gone = Position(None, 1, key(b"a.jpg", root_at(b"/gone")))
    order = Order(Sort.PATH)
    page = await real.browsing.page(1, NO_FILTERS, order, after=gone, limit=9, is_dense=True)
    assert page == []


async def test_facets_drop_no_others_and_filter_each_by_its_own(
    both: tuple[Ledger, Ledger],
) -> None:
    for ledger in both:
        filters = {Facet.CAMERA: NO_FILTERS, Facet.FORMAT: Filters(camera="nikon")}
        found = await ledger.browsing.facets(1, filters, top=9)
        assert set(found) == set(filters)
        assert sum(one.count for one in found[Facet.FORMAT].values) == 38
        cameras = {one.value: one.count for one in found[Facet.CAMERA].values}
        assert cameras == {"NIKON": 38, "Canon 100%_'D'": 75}


@pytest.mark.parametrize(
    "viewport",
    [
        Viewport(-90, -180, 90, 180, 10.5),
        Viewport(-90, -180, 90, 180, 360),
        Viewport(-20, 100, 80, 179.5, 7.1),
        Viewport(-90, 120, 90, -100, 30.5),
        Viewport(10, 170, 20, -170, 1.5),
    ],
    ids=str,
)
async def test_places_are_clustered_by_a_grid(
    both: tuple[Ledger, Ledger], viewport: Viewport
) -> None:
    real, twin = both
    for filters in (NO_FILTERS, Filters(camera="nikon", rating_min=0)):
        expected = await twin.browsing.places(1, filters, viewport)
        found = await real.browsing.places(1, filters, viewport)
        assert [(one.count, one.sample) for one in found] == [
            (one.count, one.sample) for one in expected
        ]
        for one, other in zip(found, expected, strict=True):
            assert one.latitude == pytest.approx(other.latitude)
            assert one.longitude == pytest.approx(other.longitude)
            assert -180 <= one.longitude <= 180


async def test_browsing_holds_up_no_other_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes, and however many ask for it."""
    begun, go = set[int](), threading.Event()

    def holds(*_: object) -> bool:
        begun.add(threading.get_ident())
        return go.wait()

    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger, create_task_group() as tg:
        collection_id = await filled(ledger)
        monkeypatch.setattr(Circle, "holds", holds)
        near = Filters(circle=Circle(2, 7.5, radius_km=3000))
        count = partial(ledger.browsing.count, at_most=None)
        try:
            for _ in range(5):
                tg.start_soon(count, collection_id, near)
            with fail_after(PATIENCE_S):
                while len(begun) < 2:
                    await checkpoint()
                assert await ledger.collections.find("default")
        finally:
            go.set()
