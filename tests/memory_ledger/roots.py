"""Roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, is_within
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path, overlaps
from ingestion_orchestration_fastapi_app.domain.jobs.moved_requests import moved_request
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobStateProblem,
    RootNotFound,
    RootOverlap,
)
from tests.memory_ledger.state import Kept, State


class MemoryRoots:
    """Implements `RootRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, collection_id: int, root: Root) -> None:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        self._state.check_no_change(collection_id)
        kept = self._state.collections[collection_id]
        if root.id not in {one.id for one in kept.record.roots}:
            _put(kept, [*kept.record.roots, root])

    async def adopt(
        self, collection_id: int, roots: Sequence[Root], *, identity: str | None
    ) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        taken = {one.record.identity for one in self._state.collections.values()}
        if identity is not None and identity not in taken:
            kept.record = replace(kept.record, identity=identity)
        for root in roots:
            known = next((one for one in kept.record.roots if one.id == root.id), None)
            if known is None:
                _put(kept, [*kept.record.roots, root])
            elif known != root and root.id not in kept.record.root_changes:
                self._move(kept, known, root.path)

    async def begin_changes(self, collection_id: int, changes: Mapping[UUID, bytes | None]) -> None:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        kept = self._state.collections[collection_id]
        if kept.record.root_changes == changes:
            return
        self._state.check_no_change(collection_id)
        jobs = [job for job in self._state.jobs.values() if job.collection_id == collection_id]
        if any(job.state not in FINAL for job in jobs):
            raise JobStateProblem("A job of the collection is not finished.")
        if changes.keys() - {root.id for root in kept.record.roots}:
            raise RootNotFound("The collection has no such root any more.")
        moves = {root_id: path for root_id, path in changes.items() if path is not None}
        for moved, other in overlaps(kept.record.roots, moves):
            inner, outer = (moved, other) if is_within(moved.path, other.path) else (other, moved)
            prefix = outer.path.rstrip(b"/") + b"/"
            stored = [
                key
                for key in kept.files
                if key.root_id == outer.id and is_within(prefix + key.path, inner.path)
            ]
            if stored or inner.path == outer.path:
                raise RootOverlap("Another root holds it already.")
        kept.record = replace(kept.record, root_changes=dict(changes))

    async def repeat_changes(self, collection_id: int, root_ids: Sequence[UUID]) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        there = {one.id: one.path for one in kept.record.roots if one.id in root_ids}
        kept.record = replace(kept.record, root_changes={**there, **kept.record.root_changes})

    async def forget_points(
        self, collection_id: int, point_ids: Sequence[UUID], *, synced: SyncedVersion
    ) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        for point_id in point_ids:
            kept.intents.get(synced.generation_id, {}).pop(point_id, None)
            kept.decode_starts.pop(point_id, None)
            kept.catalogue.pop(point_id, None)
        self._state.set_synced(synced)

    async def end_change(self, collection_id: int, root_id: UUID) -> bool:
        await checkpoint()
        kept = self._state.collections[collection_id]
        if root_id not in kept.record.root_changes:
            return True
        root = next(one for one in kept.record.roots if one.id == root_id)
        path = kept.record.root_changes[root_id]
        if path is None:
            for key, row in kept.files.items():
                if key.root_id == root_id:
                    kept.catalogue.pop(row.point_id, None)
            kept.files = {key: row for key, row in kept.files.items() if key.root_id != root_id}
            kept.trash = {
                one: row for one, row in kept.trash.items() if row.one.key.root_id != root_id
            }
            self._move_folders(kept, root, None)
            _put(kept, [one for one in kept.record.roots if one != root])
        else:
            self._move(kept, root, path)
        left = {one: to for one, to in kept.record.root_changes.items() if one != root_id}
        kept.record = replace(kept.record, root_changes=left)
        return True

    def _move(self, kept: Kept, root: Root, path: bytes) -> None:
        for job in [
            job for job in self._state.jobs.values() if job.collection_id == kept.record.id
        ]:
            request = moved_request(job.request, root, kept.record.roots, path)
            self._state.jobs[job.id] = replace(job, request=request)
        self._move_folders(kept, root, path)
        others = [one for one in kept.record.roots if one != root]
        _put(kept, [*others, Root(root.id, path)])

    @staticmethod
    def _move_folders(kept: Kept, root: Root, path: bytes | None) -> None:
        def place(folder: bytes) -> bytes | None:
            if deepest_root(folder, kept.record.roots) != root:
                return folder
            return None if path is None else moved_path(folder, root.path, path)

        devices = {place(folder): device for folder, device in kept.devices.items()}
        kept.devices = {folder: device for folder, device in devices.items() if folder is not None}
        places = [(place(watch.directory), watch) for watch in kept.record.watches]
        watches = [replace(one, directory=to) for to, one in places if to is not None]
        ordered = sorted(watches, key=lambda one: one.directory)
        kept.record = replace(kept.record, watches=tuple(ordered))


def _put(kept: Kept, roots: Sequence[Root]) -> None:
    ordered = tuple(sorted(roots, key=lambda one: one.path))
    kept.record = replace(kept.record, roots=ordered)
