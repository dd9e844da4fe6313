"""Searches tell how relevant a hit is, and cut where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import LIMIT
from ingestion_orchestration_fastapi_app.errors import CursorRefused
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import shipped_texts
from ingestion_orchestration_fastapi_app.library.searching.query import Found
from tests.component.made_library import MadeLibrary, made_library, picture, query
from tests.fakes import FINGERPRINT
from tests.made_vectors import MadeModel
from utils.contract.search import SearchMode, SearchSort

pytestmark = pytest.mark.anyio

POINTS, SUBJECTS, DIM = 300, 10, 96
DATE = "DSC_0042"  # in the name of one picture, whose vector says nothing of it


@dataclass
class Made:
    """`subject_of` each picture; the texts "thing 0", ... say them, "nothing 0", ... none."""

    library: MadeLibrary
    subject_of: dict[UUID, int]

    def shows(self, found: Found, subject: int) -> list[bool]:
        return [self.subject_of[hit.point.id] == subject for hit in found.hits]


async def made(*, calibrated: bool = True, points: int = POINTS) -> Made:
    model = MadeModel(3, dim=DIM, subjects=SUBJECTS)
    world = model.world(points, subjects=SUBJECTS, known=0.2)
    shipped = shipped_texts()
    neutral = np.concatenate([world.neutral.sentences, world.neutral.nonsense])
    named = zip(
        shipped.all_of_them, np.resize(neutral, (len(shipped.all_of_them), DIM)), strict=True
    )
    things = model.texts(np.arange(SUBJECTS))
    texts = {
        **dict(named),
        **{f"thing {number}": vector for number, vector in enumerate(things)},
        **{f"nothing {number}": vector for number, vector in enumerate(world.nonsense)},
        DATE: world.nonsense[0],
    }
    paths = {7: f"/photos/{DATE}.jpg"}
    rows = [
        picture(number, vector, path=paths.get(number, ""))
        for number, vector in enumerate(world.pictures)
    ]
    library = await made_library(rows, texts)
    if calibrated:
        assert await library.calibrating.renew("default") == (points >= 50)
    subjects = {row.id: int(one) for row, one in zip(rows, world.subject_of, strict=True)}
    return Made(library, subjects)


async def test_hits_that_show_it_are_relevant_and_nonsense_finds_nothing() -> None:
    kept = await made()
    for subject in range(SUBJECTS):
        found = await kept.library.found(f"thing {subject}", limit=10)
        assert found.nothing_relevant is False
        assert all(kept.shows(found, subject))
        assert all((hit.relevance or 0.0) > 0.5 for hit in found.hits)
    nonsense = [await kept.library.found(f"nothing {number}") for number in range(60)]
    assert np.mean([found.nothing_relevant for found in nonsense]) >= 0.9
    assert all(0 <= (hit.relevance or 0.0) <= 1 for found in nonsense for hit in found.hits)


async def test_what_is_less_relevant_is_cut_from_every_page() -> None:
    kept = await made()
    everything = await kept.library.found("thing 4", limit=POINTS)
    expected = {hit.point.id for hit in everything.hits if (hit.relevance or 0.0) >= 0.5}
    assert len(expected) < POINTS / 2
    ids: list[UUID] = []
    cursor = None
    while True:
        page = await kept.library.found("thing 4", limit=7, min_relevance=0.5, cursor=cursor)
        assert page.nothing_relevant is (None if ids else False)
        ids += [hit.point.id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(ids) == len(set(ids))
    assert set(ids) == expected
    assert page.warnings == everything.warnings


async def test_the_cut_comes_before_the_sorting() -> None:
    kept = await made()
    relevant = await kept.library.found("thing 4", limit=POINTS, min_relevance=0.5)
    by_path = await kept.library.found(
        "thing 4",
        limit=POINTS,
        min_relevance=0.5,
        sort=SearchSort.PATH,
        is_descending=False,
    )
    paths = [hit.point.path for hit in by_path.hits]
    assert paths == sorted(hit.point.path for hit in relevant.hits)


async def test_of_nonsense_a_cut_leaves_nothing() -> None:
    kept = await made()
    noise = [
        found
        for number in range(10)
        if (found := await kept.library.found(f"nothing {number}")).nothing_relevant
    ]
    assert noise
    for number in range(10):
        cut = await kept.library.found(f"nothing {number}", min_relevance=LIMIT)
        assert cut.hits == [] or not cut.nothing_relevant
        assert cut.cursor is None


async def test_what_words_find_is_kept_and_is_not_nothing() -> None:
    kept = await made()
    found = await kept.library.found(DATE, mode=SearchMode.HYBRID, min_relevance=0.99)
    assert f"{DATE}.jpg" in [hit.point.filename for hit in found.hits]
    assert found.nothing_relevant is False


async def test_relevance_is_null_before_it_is_known_and_a_cut_is_not_applied() -> None:
    for kept in (await made(calibrated=False), await made(points=40)):
        plain = await kept.library.found("thing 1", limit=30)
        asked = await kept.library.found("thing 1", limit=30, min_relevance=0.9)
        assert {hit.relevance for hit in plain.hits} == {None}
        assert plain.nothing_relevant is None
        assert [hit.point.id for hit in asked.hits] == [hit.point.id for hit in plain.hits]
        new = set(asked.warnings) - set(plain.warnings)
        assert len(new) == 1
        assert "min_relevance was not applied" in new.pop()


async def test_a_narrow_page_is_judged_by_the_best_of_all() -> None:
    """One hit alone may be a hub."""
    kept = await made()
    for number in range(20):
        wide = await kept.library.found(f"thing {number % SUBJECTS}", limit=100)
        narrow = await kept.library.found(f"thing {number % SUBJECTS}", limit=1)
        assert narrow.nothing_relevant == wide.nothing_relevant
        assert narrow.hits[0].relevance == pytest.approx(wide.hits[0].relevance, abs=1e-4)


async def test_an_evaluated_model_is_calibrated_and_says_where_to_cut() -> None:
    kept = await made()
    calibrations = kept.library.ledger.calibrations
    before = await kept.library.found("thing 1")
    assert (before.calibrated, before.suggested_cut) == (False, None)
    await calibrations.set_evaluated(FINGERPRINT, "job-1")
    after = await kept.library.found("thing 1")
    assert (after.calibrated, after.suggested_cut) == (True, None)
    await calibrations.set_evaluated(FINGERPRINT, "job-2", suggested_cut=0.84)
    assert (await kept.library.found("thing 1")).suggested_cut == 0.84


async def test_a_cursor_is_of_one_least_relevance() -> None:
    kept = await made()
    page = await kept.library.found("thing 1", limit=3, min_relevance=0.5)
    with pytest.raises(CursorRefused):
        await kept.library.found("thing 1", limit=3, min_relevance=0.6, cursor=page.cursor)


async def test_pictures_are_not_judged_by_texts() -> None:
    kept = await made()
    first = next(iter(kept.subject_of))
    found = await kept.library.search.similar(query(limit=5), first)
    assert {hit.relevance for hit in found.hits} == {None}
    assert found.nothing_relevant is None


async def test_two_who_calibrate_at_once_ask_for_each_text_once() -> None:
    """An evaluation asks for it while the round is at work."""
    kept = await made(calibrated=False)
    made_by = list[bool]()

    async def renew() -> None:
        made_by.append(await kept.library.calibrating.renew("default"))

    async with create_task_group() as tg:
        tg.start_soon(renew)
        tg.start_soon(renew)
    assert sorted(made_by) == [False, True]
    shipped = shipped_texts()
    texts = await kept.library.ledger.calibrations.neutral_texts(FINGERPRINT)
    assert texts is not None
    assert (len(texts.sentences), len(texts.nonsense)) == (
        len(shipped.sentences),
        len(shipped.nonsense),
    )
