"""Of the ledger's in-memory twin: roots that are made, re-pointed, forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, is_within
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path, overlaps
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    JobStateProblem,
    RootNotFound,
    RootOverlap,
)
from tests.memory_removal import MemoryRemoval
from tests.memory_rows import ByteCache


class MemoryRoots(MemoryRemoval):
    """The part of `MemoryLedger` that knows of roots."""

    async def add_root(self, collection_id: int, root: Root) -> None:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
        self._check_no_change(collection_id)
        shelf = self._shelves[collection_id]
        if root.id not in {one.id for one in shelf.record.roots}:
            _put(shelf, [*shelf.record.roots, root])

    async def adopt_roots(self, collection_id: int, roots: Sequence[Root]) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        for root in roots:
            known = next((one for one in shelf.record.roots if one.id == root.id), None)
            if known is None:
                _put(shelf, [*shelf.record.roots, root])
            elif known != root and root.id not in shelf.record.root_changes:
                self._move(shelf, known, root.path)

    async def begin_root_changes(
        self, collection_id: int, changes: Mapping[UUID, bytes | None]
    ) -> None:
        await checkpoint()
        if collection_id not in self._shelves:
            raise CollectionNotFound("The collection was deleted.")
        shelf = self._shelves[collection_id]
        if shelf.record.root_changes == changes:
            return
        self._check_no_change(collection_id)
        jobs = [job for job in self._jobs.values() if job.collection_id == collection_id]
        if any(job.state not in FINAL for job in jobs):
            raise JobStateProblem("A job of the collection is not finished.")
        if changes.keys() - {root.id for root in shelf.record.roots}:
            raise RootNotFound("The collection has no such root any more.")
        moves = {root_id: path for root_id, path in changes.items() if path is not None}
        for moved, other in overlaps(shelf.record.roots, moves):
            inner, outer = (moved, other) if is_within(moved.path, other.path) else (other, moved)
            prefix = outer.path.rstrip(b"/") + b"/"
            stored = [
                key
                for key in shelf.files
                if key.root_id == outer.id and is_within(prefix + key.path, inner.path)
            ]
            if stored or inner.path == outer.path:
                raise RootOverlap("Another root holds it already.")
        shelf.record = replace(shelf.record, root_changes=dict(changes))

    async def forget_points(
        self, collection_id: int, point_ids: Sequence[UUID], *, synced_version: int
    ) -> None:
        await checkpoint()
        shelf = self._shelves[collection_id]
        for point_id in point_ids:
            shelf.intents.pop(point_id, None)
            shelf.doomed.discard(point_id)
            shelf.decode_starts.pop(point_id, None)
        shelf.record = replace(shelf.record, synced_version=synced_version)

    async def end_root_change(self, collection_id: int, root_id: UUID) -> bool:
        await checkpoint()
        shelf = self._shelves[collection_id]
        if root_id not in shelf.record.root_changes:
            return True
        root = next(one for one in shelf.record.roots if one.id == root_id)
        path = shelf.record.root_changes[root_id]
        if path is None:
            shelf.files = {key: row for key, row in shelf.files.items() if key.root_id != root_id}
            self._move_folders(shelf, root, None)
            _put(shelf, [one for one in shelf.record.roots if one != root])
        else:
            self._move(shelf, root, path)
        left = {one: to for one, to in shelf.record.root_changes.items() if one != root_id}
        shelf.record = replace(shelf.record, root_changes=left)
        return True

    async def allowed_roots(self) -> list[bytes]:
        await checkpoint()
        return sorted(self._allowed)

    async def add_allowed_root(self, path: bytes) -> None:
        await checkpoint()
        self._allowed.add(path)

    async def remove_allowed_root(self, path: bytes) -> None:
        await checkpoint()
        self._allowed.discard(path)

    def _move(self, shelf: ByteCache, root: Root, path: bytes) -> None:
        for job in [job for job in self._jobs.values() if job.collection_id == shelf.record.id]:
            if deepest_root(job.request.directory, shelf.record.roots) == root:
                request = replace(
                    job.request,
                    directory=moved_path(job.request.directory, root.path, path),
                    folders=tuple(
                        moved_path(one, root.path, path) if is_within(one, root.path) else one
                        for one in job.request.folders
                    ),
                )
                self._jobs[job.id] = replace(job, request=request)
        self._move_folders(shelf, root, path)
        others = [one for one in shelf.record.roots if one != root]
        _put(shelf, [*others, Root(root.id, path)])

    @staticmethod
    def _move_folders(shelf: ByteCache, root: Root, path: bytes | None) -> None:
        def place(folder: bytes) -> bytes | None:
            if deepest_root(folder, shelf.record.roots) != root:
                return folder
            return None if path is None else moved_path(folder, root.path, path)

        devices = {place(folder): device for folder, device in shelf.devices.items()}
        shelf.devices = {folder: device for folder, device in devices.items() if folder is not None}
        places = [(place(watch.directory), watch) for watch in shelf.record.watches]
        watches = [replace(one, directory=to) for to, one in places if to is not None]
        ordered = sorted(watches, key=lambda one: one.directory)
        shelf.record = replace(shelf.record, watches=tuple(ordered))


def _put(shelf: ByteCache, roots: Sequence[Root]) -> None:
    ordered = tuple(sorted(roots, key=lambda one: one.path))
    shelf.record = replace(shelf.record, roots=ordered)
