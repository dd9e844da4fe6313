"""The rules of a ledger on folders that are hidden or excluded, for SQLite and for its twin."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    absolute_folder,
    place_of,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import NOW, ROOT, running

pytestmark = pytest.mark.anyio


async def test_a_mark_is_kept_with_the_collection_until_it_is_taken_back(ledger: Ledger) -> None:
    made = await running(ledger)
    marks, place = ledger.folder_marks, FolderPlace(ROOT.id, b"a/\xff")
    first = await marks.put(made.id, place, Mark.HIDDEN)
    assert (first.place, first.mark, first.at, first.is_done) == (place, Mark.HIDDEN, NOW, True)
    assert await marks.put(made.id, place, Mark.HIDDEN) == first
    excluded = await marks.put(made.id, place, Mark.EXCLUDED)
    assert not excluded.is_done, "its points may be there yet"
    record = await ledger.collections.find_by_id(made.id)
    assert record is not None
    assert set(record.marked) == {first, excluded}
    assert record.hidden == record.excluded == (ROOT.path + b"/a/\xff",)
    assert await marks.take_back(made.id, place, Mark.HIDDEN)
    assert not await marks.take_back(made.id, place, Mark.HIDDEN)
    record = await ledger.collections.find_by_id(made.id)
    assert record is not None
    assert record.marked == (excluded,)
    with pytest.raises(CollectionNotFound):
        await marks.put(made.id + 1, place, Mark.HIDDEN)


def test_a_folder_has_its_place_in_the_closest_root_and_comes_back_from_it() -> None:
    outer, inner = root_at(b"/photos"), root_at(b"/photos/a")
    for folder, root, path in (
        (b"/photos", outer, b""),
        (b"/photos/b/c", outer, b"b/c"),
        (b"/photos/a", inner, b""),
        (b"/photos/a/\xff", inner, b"\xff"),
    ):
        place = place_of(folder, (outer, inner))
        assert place == FolderPlace(root.id, path)
        assert absolute_folder(place, (outer, inner)) == folder
        moved = Root(root.id, b"/moved")
        assert absolute_folder(place, (moved,)) == (b"/moved/" + path).rstrip(b"/")
        assert absolute_folder(place, ()) is None
    assert place_of(b"/photos-2", (outer, inner)) is None
    assert place_of(b"/x", (root_at(b"/"),)) == FolderPlace(root_at(b"/").id, b"x")
