"""The rules of a ledger on groups of duplicates, for SQLite and for its twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.duplicates import dismissing
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    FoundGroup,
    Member,
    NewGroup,
)
from ingestion_orchestration_fastapi_app.domain.jobs.imports import import_request
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import NOW, complete, pid, running, stored
from tests.unit.test_ledger_catalogue import point
from utils.contract import JobState
from utils.contract.duplicates.options import DuplicateClass
from utils.problems import ValidationProblem

pytestmark = pytest.mark.anyio

ALL = tuple(DuplicateClass)
NAMES = [b"%d.jpg" % number for number in range(8)]
JOB, OTHER_JOB = "job-1", "job-2"


def content(number: int) -> bytes:
    return number.to_bytes(32, "big")


def member(number: int) -> Member:
    return Member(pid(NAMES[number]), content(number))


def group(*numbers: int, kind: DuplicateClass = DuplicateClass.SAME_PICTURE) -> NewGroup:
    return NewGroup(kind, [member(one) for one in numbers])


BURST = DuplicateClass.BURST
GROUPS = [group(0, 1, 2), group(3, 4), group(5, 6, 7, kind=BURST)]


async def filled(ledger: Ledger) -> CollectionRecord:
    """Eight images, each of its own content, of 100 bytes and its number."""
    made = await running(ledger, JOB)
    await ledger.jobs.create(OTHER_JOB, made.id, import_request("default", b"/photos"))
    outcomes = [
        replace(
            stored(name),
            sha256=content(number),
            catalogued=replace(point(name), sha256=content(number), size_bytes=100 + number),
        )
        for number, name in enumerate(NAMES)
    ]
    await complete(ledger, made, *outcomes, job_id=JOB)
    return made


async def shown(
    ledger: Ledger, made: CollectionRecord, groups: Sequence[NewGroup], job_id: str = JOB
) -> int:
    kept = ledger.duplicate_groups
    run_id = await kept.begin(made.id, job_id, images=8)
    assert run_id is not None
    await kept.add(run_id, groups)
    await kept.publish(run_id)
    return run_id


async def page(
    ledger: Ledger,
    run_id: int,
    *,
    kinds: Sequence[DuplicateClass] = ALL,
    after: int = 0,
    limit: int = 10,
    members: int = 10,
) -> list[FoundGroup]:
    kept = ledger.duplicate_groups
    return await kept.page(
        run_id, NO_FILTERS, kinds=kinds, after=after, limit=limit, members=members
    )


async def test_groups_are_shown_when_they_are_whole(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    assert await kept.shown(made.id) is None
    run_id = await kept.begin(made.id, JOB, images=8)
    assert run_id is not None
    await kept.add(run_id, GROUPS[:2])
    await kept.add(run_id, GROUPS[2:])
    assert await kept.shown(made.id) is None
    assert await kept.of_image(made.id, pid(NAMES[0])) == []
    await kept.publish(run_id)
    await kept.publish(run_id)
    run = await kept.shown(made.id)
    assert run is not None
    assert (run.id, run.job_id, run.images, run.found_at) == (run_id, JOB, 8, NOW)
    found = await page(ledger, run_id)
    assert [(one.kind, list(one.members)) for one in found] == [
        (one.kind, list(one.members)) for one in GROUPS
    ]
    assert [(one.count, one.bytes_in_all) for one in found] == [(3, 303), (2, 207), (3, 318)]
    counts = await kept.counts(run_id, NO_FILTERS)
    assert counts.groups == {DuplicateClass.SAME_PICTURE: 2, BURST: 1}
    assert counts.images == {DuplicateClass.SAME_PICTURE: 5, BURST: 3}


async def test_pages_follow_each_other(ledger: Ledger) -> None:
    made = await filled(ledger)
    run_id = await shown(ledger, made, GROUPS)
    [first] = await page(ledger, run_id, limit=1, members=2)
    assert (first.count, list(first.members)) == (3, [member(0), member(1)])
    rest = await page(ledger, run_id, after=first.id)
    assert [list(one.members) for one in rest] == [list(one.members) for one in GROUPS[1:]]
    assert [one.kind for one in await page(ledger, run_id, kinds=[BURST])] == [BURST]
    assert await page(ledger, run_id, after=rest[-1].id) == []
    kept = ledger.duplicate_groups
    assert await kept.members(first.id, NO_FILTERS, offset=1, limit=5) == [member(1), member(2)]
    assert await kept.members(first.id, NO_FILTERS, offset=3, limit=5) == []
    assert await kept.of_image(made.id, pid(NAMES[1])) == [first.id]
    found = await kept.find(made.id, first.id, NO_FILTERS)
    assert found is not None
    assert (found.count, list(found.members)) == (3, [])
    assert await kept.find(made.id + 1, first.id, NO_FILTERS) is None
    assert await kept.find(made.id, rest[-1].id + 1, NO_FILTERS) is None


async def test_images_that_went_or_changed_do_not_count(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    await ledger.catalogue.forget(made.id, [pid(NAMES[0]), pid(NAMES[3])])
    changed = replace(point(NAMES[7]), sha256=content(99))
    outcome = replace(stored(NAMES[7]), sha256=content(99), catalogued=changed)
    await complete(ledger, made, outcome, job_id=JOB)
    first, last = await page(ledger, run_id)
    assert list(first.members) == [member(1), member(2)]
    assert (first.count, first.bytes_in_all) == (2, 203)
    assert list(last.members) == [member(5), member(6)]
    counts = await kept.counts(run_id, NO_FILTERS)
    assert counts.groups == {DuplicateClass.SAME_PICTURE: 1, BURST: 1}
    assert await kept.members(last.id, NO_FILTERS, offset=0, limit=9) == [member(5), member(6)]
    assert await kept.of_image(made.id, pid(NAMES[6])) == [last.id]
    for gone in (NAMES[0], NAMES[7]):
        assert await kept.of_image(made.id, pid(gone)) == []


async def test_what_may_not_be_seen_does_not_count(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    ids = frozenset(pid(NAMES[number]) for number in (1, 2, 3, 5, 6, 7))
    seen = Filters(ids=ids)
    found = await kept.page(run_id, seen, kinds=ALL, after=0, limit=10, members=1)
    assert [(one.count, list(one.members)) for one in found] == [(2, [member(1)]), (3, [member(5)])]
    counts = await kept.counts(run_id, seen)
    assert counts.images == {DuplicateClass.SAME_PICTURE: 2, BURST: 3}
    assert await kept.find(made.id, second.id, seen) is None
    assert await kept.members(first.id, seen, offset=0, limit=9) == [member(1), member(2)]


async def test_the_next_search_replaces_what_is_shown(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    before = await shown(ledger, made, GROUPS)
    [old, *_] = await page(ledger, before)
    after = await shown(ledger, made, GROUPS[2:], OTHER_JOB)
    run = await kept.shown(made.id)
    assert run is not None
    assert run.id == after
    assert await kept.find(made.id, old.id, NO_FILTERS) is None
    assert await kept.of_image(made.id, pid(NAMES[0])) == []
    assert await kept.drop_replaced(made.id, limit=1)
    while await kept.drop_replaced(made.id, limit=1):
        pass
    assert await page(ledger, before) == []
    assert len(await page(ledger, after)) == 1
    [new] = await page(ledger, after)
    assert new.id > old.id


async def test_a_job_that_begins_again_publishes_once(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    cut_off = await kept.begin(made.id, JOB, images=8)
    assert cut_off is not None
    await kept.add(cut_off, GROUPS[:1])
    run_id = await shown(ledger, made, GROUPS)
    assert len(await page(ledger, run_id)) == 3
    assert await kept.begin(made.id, JOB, images=8) is None
    assert not await kept.drop_replaced(made.id, limit=10)
    assert await page(ledger, cut_off) == []
    assert len(await page(ledger, run_id)) == 3


async def test_what_a_job_left_that_ended_otherwise_goes(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    left, going_on = [await kept.begin(made.id, job, images=8) for job in (JOB, OTHER_JOB)]
    assert left is not None
    assert going_on is not None
    for run_id in (left, going_on):
        await kept.add(run_id, GROUPS)
    await ledger.jobs.move(JOB, JobState.CANCELLED)
    assert not await kept.drop_replaced(made.id, limit=10)
    assert await page(ledger, left) == []
    assert len(await page(ledger, going_on)) == 3


async def test_groups_go_with_their_collection(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    [first, *_] = await page(ledger, run_id)
    assert await ledger.dismissals.dismiss(made.id, first.id, "a") is not None
    for job in (JOB, OTHER_JOB):
        await ledger.jobs.move(job, JobState.CANCELLED)
    await ledger.collections.delete(made.id)
    assert await kept.shown(made.id) is None
    assert await page(ledger, run_id) == []
    assert await ledger.dismissals.sets(made.id) == []
    await kept.add(run_id, GROUPS)
    assert await page(ledger, run_id) == []
    with pytest.raises(CollectionNotFound):
        await kept.begin(made.id, JOB, images=1)


async def test_a_dismissed_group_is_gone_and_its_contents_are_kept(ledger: Ledger) -> None:
    made, said = await filled(ledger), ledger.dismissals
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    one = await said.dismiss(made.id, first.id, "/photos/0.jpg")
    assert one is not None
    assert await said.dismiss(made.id, first.id, "again") is None
    assert await said.dismiss(made.id + 1, second.id, "elsewhere") is None
    assert len(await page(ledger, run_id)) == 2
    assert sorted(await said.sets(made.id)) == [(one, content(number)) for number in range(3)]
    other = await said.dismiss(made.id, second.id, "b")
    assert other is not None
    listed = await said.page(made.id, after=0, limit=1)
    assert [(each.id, each.name, each.at) for each in listed] == [(one, "/photos/0.jpg", NOW)]
    assert list(listed[0].contents) == [content(number) for number in range(3)]
    assert [each.id for each in await said.page(made.id, after=one, limit=9)] == [other]
    assert not await said.take_back(made.id + 1, one)
    assert await said.take_back(made.id, one)
    assert not await said.take_back(made.id, one)
    assert sorted(await said.sets(made.id)) == [(other, content(3)), (other, content(4))]


async def test_dismissals_are_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dismissing, "MOST_DISMISSED", 4)
    made = await filled(ledger)
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    assert await ledger.dismissals.dismiss(made.id, first.id, "a") is not None
    with pytest.raises(ValidationProblem, match="take some of it back"):
        await ledger.dismissals.dismiss(made.id, second.id, "b")
    assert len(await page(ledger, run_id)) == 2
    assert len(await ledger.dismissals.sets(made.id)) == 3


async def test_of_copies_their_one_content_is_dismissed(ledger: Ledger) -> None:
    made = await filled(ledger)
    twins = [Member(UUID(int=number), content(1)) for number in (1, 2)]
    same = NewGroup(DuplicateClass.SAME_BYTES, [member(1), *twins])
    run_id = await shown(ledger, made, [same, GROUPS[1]])
    assert len(await page(ledger, run_id)) == 1, "two of the three were never there"
    kept = await ledger.duplicate_groups.of_image(made.id, pid(NAMES[1]))
    one = await ledger.dismissals.dismiss(made.id, kept[0], "a")
    assert await ledger.dismissals.sets(made.id) == [(one, content(1))]
