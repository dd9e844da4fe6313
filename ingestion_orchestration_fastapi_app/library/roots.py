"""The roots of collections, in ledger and store together: made, re-pointed, forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

import structlog
from anyio import Lock

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_within,
)
from ingestion_orchestration_fastapi_app.domain.files.roots import moved_path, new_root, repointed
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, RootNotFound
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

log = structlog.get_logger(__name__)

_ROWS_A_WRITE = 4096


class CollectionRoots:
    """One change at a time. Each is written down first, and finished at the next start if it
    was cut off: rows are as they were or as they are to be, and both are found by their ids.
    `check` raises StoreRead for a collection whose table is damaged: nothing is begun then.
    """

    def __init__(
        self, ledger: Ledger, store: VectorStore, *, check: Callable[[CollectionRecord], None]
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._check = check
        self._changing = Lock()

    async def add(self, collection: CollectionRecord, directory: bytes) -> None:
        """Makes the directory a root, unless it lies in one."""
        if deepest_root(directory, collection.roots) is None:
            root = new_root(directory, {root.id for root in collection.roots})
            await self._ledger.roots.add(collection.id, root)

    async def repoint(self, collection: CollectionRecord, old: bytes, new: bytes) -> None:
        """All roots in `old`, itself one or not, are at the same place in `new` from now on.

        No point gets another id, and nothing is inferred.

        Raises:
            RootNotFound, RootOverlap, JobStateProblem: nothing was changed.
            StoreWrite, DiskFull: it is not done; asking again, or a restart, goes on with it.
        """
        roots = [root for root in collection.roots if is_within(root.path, old)]
        if not roots:
            raise _unknown(collection, old)
        moves = {root.id: moved_path(root.path, old, new) for root in roots}
        await self._change(collection, moves)

    async def forget(self, collection: CollectionRecord, path: bytes) -> None:
        """The root's points, files and watches; the photographs stay. Raises as `repoint`."""
        found = next((root for root in collection.roots if root.path == path), None)
        if found is None:
            raise _unknown(collection, path)
        await self._change(collection, {found.id: None})

    async def finish_changes(self, collection: CollectionRecord) -> None:
        """Ends what was begun. Safe to repeat."""
        name = collection.name
        kept = {root.id: root for root in collection.roots}
        for root_id, path in collection.root_changes.items():
            if path is None:
                del kept[root_id]
                if collection.dim is not None:
                    await self._delete_points(collection, root_id)
            else:
                kept[root_id] = Root(root_id, path)
                if collection.dim is not None:
                    await self._repoint_points(collection, kept[root_id])
        if collection.dim is not None:
            await self.put(collection, list(kept.values()))
        for root_id, path in collection.root_changes.items():
            while not await self._ledger.roots.end_change(collection.id, root_id):
                pass
            log.info(
                "root_forgotten" if path is None else "root_repointed",
                collection=name,
                path=None if path is None else display_text(path),
            )

    async def put(self, collection: CollectionRecord, roots: list[Root]) -> None:
        """With the points, where they are not so already: before the first point of a new root."""
        if set(await self._store.roots(collection.name)) == set(roots) and (
            await self._store.identity(collection.name) == collection.identity
        ):
            return
        version = await self._store.put_roots(collection.name, roots, identity=collection.identity)
        await self._ledger.collections.set_synced_version(collection.id, version)

    async def reconcile(self, collection: CollectionRecord, *, is_newer: bool) -> None:
        """At the start, where the table is not the one last synced: it is newer, or an older one.

        What a lost or restored ledger does not know of the roots, the table does.
        """
        there = await self._store.roots(collection.name)
        if is_newer:
            identity = await self._store.identity(collection.name)
            await self._ledger.roots.adopt(collection.id, there, identity=identity)
            return
        known = {root.id: root for root in collection.roots}
        for root in there:
            if root.id in known and known[root.id] != root:
                await self._repoint_points(collection, known[root.id])

    async def _change(
        self, collection: CollectionRecord, changes: Mapping[UUID, bytes | None]
    ) -> None:
        self._check(collection)
        async with self._changing:
            await self._ledger.roots.begin_changes(collection.id, changes)
            begun = await self._ledger.collections.find(collection.name)
            if begun is None or begun.id != collection.id:
                raise CollectionNotFound("The collection was deleted.")
            await self.finish_changes(begun)

    async def _repoint_points(self, collection: CollectionRecord, root: Root) -> None:
        name, store = collection.name, self._store
        async for ids in store.ids(name, root_id=root.id):
            for start in range(0, len(ids), _ROWS_A_WRITE):
                group = list(dict.fromkeys(ids[start : start + _ROWS_A_WRITE]))
                points = await store.get(name, group, vectors=True)
                moved = [repointed(point, collection.identity, root.path) for point in points]
                rows = [point for point in moved if point is not None]
                if rows:
                    written = await store.write(name, rows, may_exist={row.id for row in rows})
                    await self._ledger.collections.set_synced_version(collection.id, written)
        maintained = await store.upkeep(name)
        if maintained is not None:
            await self._ledger.collections.set_synced_version(collection.id, maintained)

    async def _delete_points(self, collection: CollectionRecord, root_id: UUID) -> None:
        async for ids in self._store.ids(collection.name, root_id=root_id):
            version = await self._store.delete(collection.name, ids)
            await self._ledger.roots.forget_points(collection.id, ids, synced_version=version)


def _unknown(collection: CollectionRecord, path: bytes) -> RootNotFound:
    known = ", ".join(display_text(root.path) for root in collection.roots) or "none"
    return RootNotFound(
        f"{display_text(path)} is no root of the collection {collection.name!r}; "
        f"these are: {known}."
    )
