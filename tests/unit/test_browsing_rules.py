"""What is made of a catalogue's counts: buckets of time, trees of folders, cursors, grids."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Facet,
    FolderCount,
    Position,
    moment_number,
    page_cursor,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.folder_tree import (
    Folder,
    folders_in,
    top_folders,
    with_counts,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.timeline import Step, timeline
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import (
    MOST_CELLS,
    viewport,
)
from ingestion_orchestration_fastapi_app.library.catalogue.own_conditions import without_own
from utils.contract import Orientation

ROOT, INNER = root_at(b"/photos"), root_at(b"/photos/a/inner")
DAYS = [date(9999, 12, 31), date(2020, 2, 29), date(2020, 2, 1), date(2019, 12, 31), date(1, 1, 1)]
ASKED = bytes(range(16))


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("is_descending", [True, False])
def test_a_bucket_begins_after_all_that_is_before_it(step: Step, is_descending: bool) -> None:
    found = timeline([(day, 2) for day in DAYS], step, is_descending=is_descending, most=99).buckets
    assert sum(one.count for one in found) == 2 * len(DAYS)
    for one in found:
        in_it = [day for day in DAYS if day.isoformat().startswith(one.name)]
        assert one.count == 2 * len(in_it)
        start = one.start.value
        assert start is not None
        for day in DAYS:
            first = moment_number(datetime(day.year, day.month, day.day))  # noqa: DTZ001  # a camera's clock has no zone
            last = moment_number(datetime(day.year, day.month, day.day, 23, 59, 59, 999_999))  # noqa: DTZ001  # likewise
            comes_later = last < start if is_descending else first >= start
            is_before = day not in in_it and (
                day > max(in_it) if is_descending else day < min(in_it)
            )
            assert comes_later is not is_before


def test_too_many_buckets_are_cut_and_those_without_a_date_counted() -> None:
    days = [*((day, 1) for day in DAYS), (None, 7)]
    found = timeline(days, Step.DAY, is_descending=True, most=2)
    assert ([one.name for one in found.buckets], found.is_cut) == (
        ["9999-12-31", "2020-02-29"],
        True,
    )
    assert (found.undated, found.undated_start.value) == (7, None)
    assert not timeline(days, Step.DAY, is_descending=True, most=5).is_cut


def test_a_folder_counts_what_is_in_it_and_below() -> None:
    counts = [
        FolderCount(ROOT.id, b"", 1),
        FolderCount(ROOT.id, b"a", 2),
        FolderCount(ROOT.id, b"a/b", 4),
        FolderCount(ROOT.id, b"ab/c", 8),
        FolderCount(ROOT.id, b"\xff", 16),
        FolderCount(INNER.id, b"", 32),
        FolderCount(UUID(int=1), b"a", 64),  # of a root that is gone
    ]
    roots = (ROOT, INNER)
    assert folders_in("/photos", roots, counts) == [
        Folder("/photos/\\xff", 16, 16),
        Folder("/photos/a", 2, 38),
        Folder("/photos/ab", 0, 8),
    ]
    assert folders_in("/photos/a/", roots, counts) == [
        Folder("/photos/a/b", 4, 4),
        Folder("/photos/a/inner", 32, 32),
    ]
    assert folders_in("/photos/ab", roots, counts) == [Folder("/photos/ab/c", 8, 8)]
    assert folders_in("/photo", roots, counts) == []
    assert [one.name for one in folders_in("/", roots, counts)] == ["photos"]
    assert top_folders(roots, None) == [b"/photos"]
    assert top_folders(roots, (b"/photos/ab", b"/photos/a")) == [b"/photos/a", b"/photos/ab"]
    assert top_folders(roots, ()) == []
    assert with_counts([b"/photos/ab", b"/photos/a"], roots, counts) == [
        Folder("/photos/a", 2, 38),
        Folder("/photos/ab", 0, 8),
    ]


def test_a_folder_is_found_however_its_letters_are_encoded() -> None:
    counts = [FolderCount(ROOT.id, "E\u0301te\u0301/2019".encode(), 1)]
    (found,) = folders_in("/photos/Été", (ROOT,), counts)
    assert (found.name, found.images) == ("2019", 1)


POSITIONS = st.one_of(
    st.builds(Position, st.none() | st.integers(0, 2**62), st.integers(0, 2**62)),
    st.builds(
        Position,
        st.none(),
        st.integers(0, 2**62),
        st.builds(FileKey, st.uuids(), st.binary(max_size=40)),
    ),
)


@given(POSITIONS)
def test_a_cursor_says_where_the_page_before_ended(position: Position) -> None:
    assert page_cursor.read(page_cursor.written(position, ASKED)) == (position, ASKED)


@given(POSITIONS, st.data())
def test_a_cursor_that_was_changed_is_none(position: Position, data: st.DataObject) -> None:
    text = page_cursor.written(position, ASKED)
    place = data.draw(st.integers(0, len(text.rstrip("=")) - 2))
    letter = data.draw(st.sampled_from("ABCabc019-_").filter(lambda one: one != text[place]))
    assert page_cursor.read(text[:place] + letter + text[place + 1 :]) is None
    assert page_cursor.read(text[:place]) is None


@given(st.text(max_size=60))
def test_no_other_text_is_a_cursor(text: str) -> None:
    assert page_cursor.read(text) is None


def test_a_facet_drops_its_own_condition_and_no_other() -> None:
    every = Filters(
        taken_after=datetime(2019, 1, 1),  # noqa: DTZ001  # a camera's clock has no zone
        camera="canon",
        lens="50mm",
        rating_min=3,
        keywords=("dog",),
        folder="/photos",
        formats=("jpeg",),
        has_gps=True,
        has_caption=False,
        favourite=True,
        orientation=Orientation.SQUARE,
        tags=("print",),
        within=(b"/photos",),
        none_of=(NO_FILTERS,),
    )
    left = {facet: without_own(facet, every) for facet in Facet}
    assert left[Facet.KEYWORD] == left[Facet.TAG] == every
    assert len(set(left.values())) == len(Facet) - 1
    for facet, name in ((Facet.CAMERA, "camera"), (Facet.RATING, "rating_min")):
        assert getattr(left[facet], name) is None
        assert (left[facet].within, left[facet].none_of) == (every.within, every.none_of)


CANON, NIKON = Filters(camera="canon"), Filters(camera="nikon")
FIVE, UNRATED = Filters(rating_min=5, rating_max=5), Filters(none_of=(Filters(rating_min=-1),))


def test_alternatives_of_one_facet_are_its_own_wherever_they_stand() -> None:
    either, rated = Filters(any_of=(CANON, NIKON)), Filters(any_of=(FIVE, UNRATED))
    asked = Filters(lens="50mm", all_of=(either, rated), none_of=(Filters(formats=("gif",)),))
    assert without_own(Facet.CAMERA, asked) == replace(asked, all_of=(rated,))
    assert without_own(Facet.RATING, asked) == replace(asked, all_of=(either,))
    assert without_own(Facet.FORMAT, asked) == replace(asked, none_of=())
    assert without_own(Facet.LENS, asked) == replace(asked, lens=None)
    assert without_own(Facet.FAVOURITE, asked) == asked
    assert without_own(Facet.CAMERA, either) == NO_FILTERS
    assert without_own(Facet.RATING, UNRATED) == NO_FILTERS
    nested = Filters(all_of=(Filters(camera="canon", lens="50mm"),))
    assert without_own(Facet.CAMERA, nested) == Filters(all_of=(Filters(lens="50mm"),))


def test_alternatives_that_say_something_else_too_stay_whole() -> None:
    mixed = Filters(any_of=(CANON, Filters(camera="nikon", rating_min=4)))
    other = Filters(any_of=(CANON, FIVE), none_of=(Filters(camera="x", lens="y"), NO_FILTERS))
    for filters in (mixed, other, Filters(any_of=(CANON, NO_FILTERS))):
        assert without_own(Facet.CAMERA, filters) == filters


@pytest.mark.parametrize("zoom", [0, 5, 22])
def test_a_map_never_has_more_cells_than_it_may(zoom: int) -> None:
    for box in ((-90.0, -180.0, 90.0, 180.0), (10.0, 170.0, 20.0, -170.0), (1.0, 1.0, 1.0, 1.0)):
        found = viewport(*box, zoom=zoom)
        cells = (found.width / found.cell) * ((box[2] - box[0]) / found.cell)
        assert cells <= MOST_CELLS
        assert found.cell >= 360 / 2**zoom / 4
