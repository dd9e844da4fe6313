"""Folders that are hidden or excluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
    absolute_folder,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger import removed
from tests.memory_ledger.state import State
from utils.contract import ErrorCode


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
        folder = absolute_folder(place, kept.record.roots)
        if mark is Mark.EXCLUDED and folder is not None:
            for key, row in kept.files.items():
                if is_within(self._state.absolute(collection_id, key), folder):
                    made = [
                        one
                        for one in row.record.artefacts
                        if one.code is not ErrorCode.FOLDER_EXCLUDED
                    ]
                    row.record = replace(row.record, artefacts=tuple(made))
        return was_there

    async def exclude_points(
        self,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        await checkpoint()
        verdict = artefacts.excluded(reader_version=reader_version, now=self._state.clock())
        removed.end(self._state, collection_id, point_ids, lambda _: verdict, synced=synced)

    async def end(self, collection_id: int, place: FolderPlace) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        done = (
            replace(one, is_done=True) if one.place == place else one for one in kept.record.marked
        )
        kept.record = replace(kept.record, marked=tuple(done))
