"""Which candidates become one result."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate
from ingestion_orchestration_fastapi_app.domain.search.folding import NO_FOLD, Fold, Folded, fold

NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001  # a camera's clock has no zone


def one(
    number: int,
    path: str = "",
    *,
    content: int | None = None,
    format_: str = "jpeg",
    after_s: float | None = None,
    phash: int = 0,
) -> Candidate:
    path = path or f"/p/{number}.jpg"
    return Candidate(
        UUID(int=number),
        path.encode(),
        path,
        bytes([number if content is None else content]) * 32,
        format_,
        phash,
        None if after_s is None else NOON + timedelta(seconds=after_s),
    )


def numbers(groups: list[Folded[Candidate]]) -> list[list[int]]:
    return [[member.id.int for member in group.all] for group in groups]


def test_copies_are_one_result_where_the_first_stands() -> None:
    found = [one(1), one(2, content=9), one(3), one(4, content=9), one(5, content=1)]
    assert numbers(fold(found, Fold(copies=True))) == [[1, 5], [2, 4], [3]]
    assert numbers(fold(found, NO_FOLD)) == [[1], [2], [3], [4], [5]]


def test_a_raw_and_its_jpeg_are_one_but_not_two_jpegs_nor_other_folders() -> None:
    found = [
        one(1, "/a/IMG_1.JPG"),
        one(2, "/a/img_1.cr2", format_="cr2"),
        one(3, "/b/IMG_1.CR2", format_="cr2"),
        one(4, "/a/IMG_2.jpg"),
        one(5, "/a/IMG_2.png", format_="png"),
        one(6, "/a/IMG_1.heic", format_="heif"),
    ]
    assert numbers(fold(found, Fold(pairs=True))) == [[1, 2, 6], [3], [4], [5]]


def test_a_burst_is_near_in_time_and_alike_from_one_to_the_next() -> None:
    found = [
        one(1, after_s=0),
        one(2, after_s=1.5, phash=0b111),
        one(3, after_s=3, phash=0b111111),
        one(4, after_s=3.2, phash=2**64 - 1),
        one(5, after_s=9),
        one(6),
    ]
    assert numbers(fold(found, Fold(bursts=True))) == [[1, 2, 3], [4], [5], [6]]


def test_rules_work_together() -> None:
    found = [one(1, after_s=0), one(2, after_s=1, content=7), one(3, content=7)]
    assert numbers(fold(found, Fold(copies=True, bursts=True))) == [[1, 2, 3]]


made = st.lists(
    st.builds(
        lambda content, after_s, format_, stem: replace(
            one(0, f"/p/{stem}.x", content=content, format_=format_, after_s=after_s)
        ),
        st.integers(0, 4),
        st.one_of(st.none(), st.integers(0, 20)),
        st.sampled_from(["jpeg", "cr2"]),
        st.integers(0, 4),
    ),
    max_size=25,
).map(lambda rows: [replace(row, id=UUID(int=at)) for at, row in enumerate(rows)])


@given(made, st.builds(Fold, st.booleans(), st.booleans(), st.booleans()))
def test_nothing_is_lost_or_doubled_and_the_order_is_kept(rows: list[Candidate], by: Fold) -> None:
    groups = numbers(fold(rows, by))
    assert sorted(number for group in groups for number in group) == list(range(len(rows)))
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    if by.copies:
        firsts = [rows[group[0]].sha256 for group in groups]
        assert len(firsts) == len(set(firsts))
