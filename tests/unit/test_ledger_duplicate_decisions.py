"""The rules of a ledger on what people decide about duplicates, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.duplicates import records
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    FoundGroup,
    Member,
    NewGroup,
    UnneededFile,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, ImageNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import complete, pid, stored
from tests.unit.test_ledger_catalogue import point
from tests.unit.test_ledger_duplicates import (
    ALL,
    BURST,
    GROUPS,
    JOB,
    NAMES,
    OTHER_JOB,
    content,
    filled,
    group,
    member,
    page,
    shown,
)
from utils.contract import JobState
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass
from utils.problems import ValidationProblem

pytestmark = pytest.mark.anyio

KEEP, NOT_NEEDED, UNDECIDED = Decision.KEEP, Decision.NOT_NEEDED, Decision.UNDECIDED
SAME_PICTURE, SAME_BYTES = DuplicateClass.SAME_PICTURE, DuplicateClass.SAME_BYTES
TWIN = b"twin.jpg"  # of the bytes of the first


async def decide(
    ledger: Ledger, made: CollectionRecord, group_id: int, **said: Decision
) -> int | None:
    decisions = {pid(NAMES[int(name[1:])]): decision for name, decision in said.items()}
    return await ledger.duplicate_decisions.decide(made.id, group_id, decisions)


async def with_twin(ledger: Ledger) -> CollectionRecord:
    made = await filled(ledger)
    entry = replace(point(TWIN), sha256=content(0), size_bytes=100)
    await complete(
        ledger, made, replace(stored(TWIN), sha256=content(0), catalogued=entry), job_id=JOB
    )
    return made


def decisions(found: FoundGroup) -> list[Decision]:
    return [one.decision for one in found.members]


async def files(ledger: Ledger, made: CollectionRecord) -> list[tuple[str, int, str]]:
    listed = await ledger.duplicate_decisions.unneeded(made.id, after=0, limit=99)
    assert await ledger.duplicate_decisions.unneeded_size(made.id) == (
        len(listed),
        sum(one.size_bytes for one in listed),
    )
    return sorted(
        (one.path.rsplit("/")[-1], one.size_bytes, one.kept_path.rsplit("/")[-1]) for one in listed
    )


async def test_members_carry_what_was_decided_and_the_rest_stays_open(ledger: Ledger) -> None:
    made = await filled(ledger)
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    assert (first.undecided, decisions(first)) == (3, [UNDECIDED] * 3)
    for _ in range(2):  # idempotent
        assert await decide(ledger, made, first.id, _0=KEEP, _1=NOT_NEEDED) == 1
    first, second, _ = await page(ledger, run_id)
    assert (first.undecided, decisions(first)) == (1, [KEEP, NOT_NEEDED, UNDECIDED])
    assert second.undecided == 2
    assert await files(ledger, made) == [("1.jpg", 101, "0.jpg")]
    await decide(ledger, made, first.id, _0=NOT_NEEDED, _2=KEEP)
    await decide(ledger, made, second.id, _3=NOT_NEEDED)
    first, second, _ = await page(ledger, run_id)
    assert decisions(first) == [NOT_NEEDED, NOT_NEEDED, KEEP]
    assert [first.undecided, second.undecided] == [0, 0], "one of two is left: nothing is open"
    await decide(ledger, made, first.id, _0=UNDECIDED, _1=UNDECIDED, _2=UNDECIDED)
    [first, *_] = await page(ledger, run_id)
    assert (first.undecided, decisions(first)) == (3, [UNDECIDED] * 3)
    assert await files(ledger, made) == [("3.jpg", 103, "")]


async def test_all_of_a_call_is_decided_or_nothing(ledger: Ledger) -> None:
    made = await filled(ledger)
    run_id = await shown(ledger, made, GROUPS)
    [first, *_] = await page(ledger, run_id)
    with pytest.raises(ImageNotFound):
        await decide(ledger, made, first.id, _0=KEEP, _1=NOT_NEEDED, _3=KEEP)
    assert await decide(ledger, made, 999, _0=KEEP) is None
    assert (await page(ledger, run_id))[0].undecided == 3
    assert await files(ledger, made) == []


async def test_a_page_is_of_groups_that_are_open_or_of_the_others(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    first, second, third = await page(ledger, run_id)
    await decide(ledger, made, first.id, _0=KEEP)
    await decide(ledger, made, second.id, _3=KEEP, _4=KEEP)
    for decided, expected in ((True, [second.id]), (False, [first.id, third.id])):
        found = await kept.page(
            run_id, NO_FILTERS, kinds=ALL, after=0, limit=10, members=2, decided=decided
        )
        assert [one.id for one in found] == expected
    counts = await kept.counts(run_id, NO_FILTERS)
    assert (counts.decided, counts.over) == ({SAME_PICTURE: 1}, {})
    found = await kept.page(
        run_id, NO_FILTERS, kinds=[BURST], after=0, limit=10, members=2, decided=True
    )
    assert found == []


async def test_the_next_search_knows_what_was_decided_and_asks_for_what_is_new(
    ledger: Ledger,
) -> None:
    """Regrouped, in another class, and by files that moved: what counts is the content."""
    made = await filled(ledger)
    [first, second, _] = await page(ledger, await shown(ledger, made, GROUPS))
    await decide(ledger, made, first.id, _0=KEEP, _1=NOT_NEEDED)
    await decide(ledger, made, second.id, _3=NOT_NEEDED, _4=KEEP)
    moved = replace(point(b"moved.jpg"), sha256=content(3), size_bytes=103)
    outcome = replace(stored(b"moved.jpg"), sha256=content(3), catalogued=moved)
    await complete(ledger, made, outcome, job_id=JOB)
    again = NewGroup(SAME_PICTURE, [Member(pid(b"moved.jpg"), content(3)), member(4)])
    run_id = await shown(ledger, made, [group(0, 1, 6, kind=BURST), again], OTHER_JOB)
    burst, pair = await page(ledger, run_id)
    assert (burst.undecided, decisions(burst)) == (1, [KEEP, NOT_NEEDED, UNDECIDED])
    assert (pair.undecided, decisions(pair)) == (0, [NOT_NEEDED, KEEP])


async def test_decisions_outlive_that_images_leave_and_groups_that_are_over_count(
    ledger: Ledger,
) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    _, second, third = await page(ledger, run_id)
    await decide(ledger, made, second.id, _3=KEEP, _4=NOT_NEEDED)
    await ledger.catalogue.forget(made.id, [pid(NAMES[4]), pid(NAMES[5]), pid(NAMES[6])])
    counts = await kept.counts(run_id, NO_FILTERS)
    assert counts.groups == {SAME_PICTURE: 1}
    assert (counts.decided, counts.over) == ({}, {SAME_PICTURE: 1}), "the burst just went"
    assert await files(ledger, made) == [("4.jpg", 104, "3.jpg")]
    assert await decide(ledger, made, second.id, _3=KEEP, _4=NOT_NEEDED) == 1, "idempotent"
    with pytest.raises(ImageNotFound):
        await decide(ledger, made, third.id, _5=NOT_NEEDED)
    await complete(
        ledger,
        made,
        replace(
            stored(NAMES[4]),
            sha256=content(4),
            catalogued=replace(point(NAMES[4]), sha256=content(4), size_bytes=104),
        ),
        job_id=JOB,
    )
    assert [decisions(one) for one in await page(ledger, run_id)][1] == [KEEP, NOT_NEEDED]
    await ledger.duplicate_decisions.clear(made.id)
    assert [one.undecided for one in await page(ledger, run_id)] == [3, 2]
    assert await files(ledger, made) == []


async def test_copies_of_the_same_bytes_are_told_apart_by_their_files(ledger: Ledger) -> None:
    made = await with_twin(ledger)
    same = NewGroup(SAME_BYTES, [member(0), Member(pid(TWIN), content(0))])
    run_id = await shown(ledger, made, [same, *GROUPS])
    copies, pictures, *_ = await page(ledger, run_id)
    said = {pid(NAMES[0]): KEEP, pid(TWIN): NOT_NEEDED}
    assert await ledger.duplicate_decisions.decide(made.id, copies.id, said) == 1
    copies, pictures, *_ = await page(ledger, run_id)
    assert (copies.undecided, decisions(copies)) == (0, [KEEP, NOT_NEEDED])
    assert decisions(pictures) == [UNDECIDED] * 3, "of the content nobody decided"
    assert await decide(ledger, made, pictures.id, _0=NOT_NEEDED, _1=KEEP) == 2
    listed = [("0.jpg", 100, "1.jpg"), ("twin.jpg", 100, "0.jpg")]
    assert await files(ledger, made) == listed, "each file once"
    decided = ledger.duplicate_decisions
    assert await decided.take_back(made.id, [pid(NAMES[0])]) == 2, "all of its bytes"
    assert await files(ledger, made) == [("twin.jpg", 100, "0.jpg")]
    assert await decided.take_back(made.id, [pid(NAMES[0])]) == 0
    assert await decided.take_back(made.id, [pid(TWIN)]) == 1
    assert await files(ledger, made) == []


async def test_a_list_of_before_is_added_where_nothing_is_decided(ledger: Ledger) -> None:
    made, decided = await filled(ledger), ledger.duplicate_decisions
    run_id = await shown(ledger, made, GROUPS)
    [first, *_] = await page(ledger, run_id)
    await decide(ledger, made, first.id, _0=KEEP)
    gone = UnneededFile(0, UUID(int=7), content(77), "/old/gone.jpg", 5, "/old/kept.jpg", False)
    old = [
        gone,
        replace(gone, point_id=UUID(int=8), path="/old/copy.jpg"),
        UnneededFile(0, pid(NAMES[0]), content(0), "/old/0.jpg", 100, "", False),
        UnneededFile(0, pid(NAMES[1]), content(1), "/old/1.jpg", 101, "", False),
    ]
    assert [await decided.add(made.id, old) for _ in range(2)] == [3, 0]
    [first, *_] = await page(ledger, run_id)
    assert decisions(first) == [KEEP, NOT_NEEDED, UNDECIDED]
    assert await files(ledger, made) == [
        ("1.jpg", 101, ""),
        ("copy.jpg", 5, "kept.jpg"),
        ("gone.jpg", 5, "kept.jpg"),
    ]
    [one, *rest] = await decided.unneeded(made.id, after=0, limit=1)
    assert rest == []
    assert len(await decided.unneeded(made.id, after=one.id, limit=9)) == 2
    with pytest.raises(CollectionNotFound):
        await decided.add(made.id + 1, old)


async def test_decisions_are_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_DECIDED", 2)
    made = await filled(ledger)
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    await decide(ledger, made, first.id, _0=KEEP, _1=NOT_NEEDED)
    with pytest.raises(ValidationProblem, match="empty the list first"):
        await decide(ledger, made, second.id, _3=NOT_NEEDED)
    assert (await page(ledger, run_id))[1].undecided == 2


async def test_decisions_go_with_their_collection(ledger: Ledger) -> None:
    made, decided = await filled(ledger), ledger.duplicate_decisions
    run_id = await shown(ledger, made, GROUPS)
    first, second, _ = await page(ledger, run_id)
    await decide(ledger, made, first.id, _0=KEEP, _1=NOT_NEEDED)
    assert await ledger.dismissals.dismiss(made.id, second.id, "a") is not None
    for job in (JOB, OTHER_JOB):
        await ledger.jobs.move(job, JobState.CANCELLED)
    await ledger.collections.delete(made.id)
    assert await decided.unneeded(made.id, after=0, limit=9) == []
    assert await decided.unneeded_size(made.id) == (0, 0)


async def test_a_group_that_was_dismissed_counts_and_comes_back(ledger: Ledger) -> None:
    made, kept = await filled(ledger), ledger.duplicate_groups
    run_id = await shown(ledger, made, GROUPS)
    first, second, third = await page(ledger, run_id)
    dismissal = await ledger.dismissals.dismiss(made.id, first.id, "a")
    assert dismissal is not None
    assert (await kept.counts(run_id, NO_FILTERS)).over == {SAME_PICTURE: 1}
    assert await kept.of_image(made.id, pid(NAMES[0])) == []
    assert await ledger.dismissals.take_back(made.id, dismissal)
    assert await page(ledger, run_id) == [first, second, third]
    assert (await kept.counts(run_id, NO_FILTERS)).over == {}
    dismissal = await ledger.dismissals.dismiss(made.id, first.id, "a")
    assert dismissal is not None
    later = await shown(ledger, made, GROUPS[2:], OTHER_JOB)
    while await kept.drop_replaced(made.id, limit=1):
        pass
    assert await ledger.dismissals.take_back(made.id, dismissal)
    assert len(await page(ledger, later)) == 1, "another search is shown"
