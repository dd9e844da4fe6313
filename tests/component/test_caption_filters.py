"""Whether a picture has a caption is asked of the ledger, and narrows searches like all else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from tests.component.bench import Bench
from tests.component.test_pipeline_captions import captioning
from utils.problems import ValidationProblem

pytestmark = pytest.mark.anyio

NAMES = ("a", "b", "c", "d", "e")
CAPTIONED = Filters(has_caption=True)
BARE = Filters(has_caption=False)
TREES = [
    CAPTIONED,
    BARE,
    Filters(none_of=(CAPTIONED,)),
    Filters(none_of=(BARE,), path_prefix="/"),
    Filters(any_of=(CAPTIONED, Filters(formats=("png",)), BARE)),
    Filters(has_caption=True, all_of=(BARE,)),
    Filters(any_of=(Filters(none_of=(Filters(all_of=(BARE,)),)),)),
]


async def half_captioned() -> Bench:
    """Two with captions, three without."""
    bench = Bench(inference=captioning())
    for name in NAMES[:2]:
        bench.library.put(name.encode(), b"image " + name.encode())
    await bench.job(captions=True)
    for name in NAMES[2:]:
        bench.library.put(name.encode(), b"image " + name.encode())
    await bench.job()
    return bench


def conditions_of(bench: Bench, most_ids: int) -> LedgerConditions:
    ledger = bench.ledger
    return LedgerConditions(ledger.captions, ledger.annotations, ledger.albums, most_ids=most_ids)


@pytest.mark.parametrize("most_ids", [5, 2])
@pytest.mark.parametrize("filters", TREES, ids=range(len(TREES)))
async def test_a_search_finds_by_captions_what_the_filters_mean(
    filters: Filters, most_ids: int
) -> None:
    bench = await half_captioned()
    pool = InferencePool([bench.inference])
    await pool.refresh()
    collections = bench.collections()
    await collections.words.check(await collections.get("default"))
    search = Search(
        collections,
        bench.store,
        pool,
        conditions=LedgerConditions(
            bench.ledger.captions,
            bench.ledger.annotations,
            bench.ledger.albums,
            most_ids=most_ids,
        ),
        judging=Judging(bench.ledger.calibrations, bench.store),
        templating=Templating(bench.ledger.calibrations),
        shown=lambda _: None,
        query_timeout_s=1,
    )
    query = Query("default", limit=9, offset=0, filters=NO_FILTERS, min_score=None)
    everything = await search.by_text(query, "a")
    points = [one.point for one in everything.hits]
    assert sorted(one.caption is not None for one in points) == [False] * 3 + [True] * 2
    found = await search.by_text(replace(query, filters=filters), "a")
    expected = {one.id for one in points if filters.matches(one)}
    assert {one.point.id for one in found.hits} == expected


async def test_what_is_too_much_to_look_up_is_refused_in_words() -> None:
    bench = await half_captioned()
    collection = await bench.ledger.collections.find("default")
    assert collection is not None
    conditions = conditions_of(bench, 1)
    with pytest.raises(ValidationProblem, match="has_caption: more than 1 images"):
        await conditions.resolved(collection.id, Filters(none_of=(BARE,)))


@pytest.mark.parametrize("one", [CAPTIONED, Filters(favourite=True), Filters(rating_min=3)])
async def test_many_conditions_are_refused_that_together_name_too_many_images(one: Filters) -> None:
    bench = await half_captioned()
    collection = await bench.ledger.collections.find("default")
    assert collection is not None
    for name in NAMES[:2]:
        content = hashlib.sha256(b"image " + name.encode()).digest()
        await bench.ledger.annotations.put(content, Annotation(rating=3, favourite=True))
    conditions = conditions_of(bench, 2)
    await conditions.resolved(collection.id, Filters(any_of=(one,) * 2))
    with pytest.raises(ValidationProblem, match="more than 8 images"):
        await conditions.resolved(collection.id, Filters(any_of=(one,) * 5))


async def test_what_the_ledger_is_not_asked_for_costs_no_look() -> None:
    bench = await half_captioned()
    asked = Filters(any_of=(Filters(camera="a"), NO_FILTERS))
    assert await conditions_of(bench, 9).resolved(1, asked) is asked
