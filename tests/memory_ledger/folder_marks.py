"""Folders that are hidden or excluded."""

from __future__ import annotations

from dataclasses import replace

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger.state import State


class MemoryFolderMarks:
    """Implements `FolderMarkRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, collection_id: int, place: FolderPlace, mark: Mark) -> MarkedFolder:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is None:
            raise CollectionNotFound("The collection was deleted.")
        there = [one for one in kept.record.marked if (one.place, one.mark) == (place, mark)]
        if there:
            return there[0]
        made = MarkedFolder(place, mark, self._state.clock(), is_done=mark is Mark.HIDDEN)
        every = (*kept.record.marked, made)
        ordered = sorted(every, key=lambda one: (one.place.root_id, one.place.path, one.mark))
        kept.record = replace(kept.record, marked=tuple(ordered))
        return made

    async def take_back(self, collection_id: int, place: FolderPlace, mark: Mark) -> bool:
        await checkpoint()
        kept = self._state.collections[collection_id]
        left = [one for one in kept.record.marked if (one.place, one.mark) != (place, mark)]
        was_there = len(left) < len(kept.record.marked)
        kept.record = replace(kept.record, marked=tuple(left))
        return was_there
