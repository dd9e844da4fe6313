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
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import label_of
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    RootNotFound,
    StoreRead,
    StoreWrite,
)
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.resources.collection_writers import CollectionWriters
from utils.problems import Problem

log = structlog.get_logger(__name__)

_ROWS_A_WRITE = 4096


class CollectionRoots:
    """One change at a time. Each is written down first, and finished at the next start if it
    was cut off: rows are as they were or as they are to be, and both are found by their ids.
    `check` raises StoreRead for a collection whose table is damaged: nothing is begun then.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: VectorStore,
        words: CollectionWords,
        *,
        check: Callable[[CollectionRecord], None],
        writers: CollectionWriters,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._words = words
        self._check = check
        self._writers = writers
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
        kept = {root.id: root for root in collection.roots}
        for root_id, path in collection.root_changes.items():
            if path is None:
                del kept[root_id]
            else:
                kept[root_id] = Root(root_id, path)
        for generation in collection.generations:
            try:
                for root_id, path in collection.root_changes.items():
                    if path is None:
                        await self._delete_points(collection, generation, root_id)
                    else:
                        await self._repoint_points(collection, generation, kept[root_id])
                await self.put(collection, generation, list(kept.values()))
            except StoreRead as exc:
                if generation.state is GenerationState.ACTIVE:
                    raise
                # Its label says where its roots were: it is brought up before it answers.
                log.warning("generation_left", table=generation.table, error=exc.detail)
        for root_id, path in collection.root_changes.items():
            while not await self._ledger.roots.end_change(collection.id, root_id):
                pass
            log.info(
                "root_forgotten" if path is None else "root_repointed",
                collection=collection.name,
                path=None if path is None else display_text(path),
            )

    async def put(
        self, collection: CollectionRecord, generation: Generation, roots: list[Root]
    ) -> None:
        """With the table, where it does not say so already: before the first point of a new root.

        The rest of its label, too.
        """
        now = await self._ledger.collections.find_by_id(collection.id)
        label = label_of(now or collection, generation, roots)  # it may have another name by now
        if await self._store.label(generation.table) != label:
            version = await self._store.put_label(generation.table, label)
            await self._ledger.generations.set_synced_version(generation.id, version)

    async def put_all(self, collection: CollectionRecord) -> None:
        """The label of each of its tables. What cannot be written now, the next start writes, or
        the next job.
        """
        active_first = sorted(collection.generations, key=lambda one: one != collection.active)
        for generation in active_first:
            try:
                if generation.state is not GenerationState.ACTIVE:  # its label says what is left
                    await self.put_back(collection, generation)
                await self.put(collection, generation, list(collection.roots))
            except Problem as exc:
                log.warning("table_not_labelled", table=generation.table, error=exc.detail)

    async def adopt(self, collection: CollectionRecord, table: str) -> None:
        """At the start, where the table is newer than the ledger: what a lost or restored one does
        not know of the roots, the table does.
        """
        label = await self._store.label(table)
        if label is not None:
            adopt = self._ledger.roots.adopt
            await adopt(collection.id, list(label.roots), identity=label.identity)

    async def begin_put_back(self, collection: CollectionRecord, generation: Generation) -> None:
        """Of the table that answers the ledger remembers it, over a crash, before a row is written:
        half brought up it would be newer than the ledger, and its label would be believed.
        """
        if generation.state is GenerationState.ACTIVE:
            label = await self._store.label(generation.table)
            moved = set(() if label is None else label.roots) - set(collection.roots)
            await self._ledger.roots.repeat_changes(collection.id, [root.id for root in moved])

    async def put_back(self, collection: CollectionRecord, generation: Generation) -> None:
        """Where the table is an older one than the one last synced, or was left out of a change or
        of a removal.
        """
        if generation.state is GenerationState.ACTIVE:
            begun = await self._ledger.collections.find_by_id(collection.id)
            if begun is not None and begun.root_changes:
                await self.finish_changes(begun)
            return
        known = {root.id: root for root in collection.roots}
        label = await self._store.label(generation.table)
        for root in () if label is None else label.roots:
            if root.id in known and known[root.id] != root:
                await self._repoint_points(collection, generation, known[root.id])
            elif root.id not in known:
                await self._delete_points(collection, generation, root.id)
        await self._delete_removed(generation)

    async def _delete_removed(self, generation: Generation) -> None:
        artefacts = self._ledger.artefacts
        while ids := await artefacts.pending_deletes(generation.id, limit=_ROWS_A_WRITE):
            version = await self._store.delete(generation.table, ids)
            await artefacts.end_delete(SyncedVersion(generation.id, version), ids)

    async def _change(
        self, collection: CollectionRecord, changes: Mapping[UUID, bytes | None]
    ) -> None:
        self._check(collection)
        async with self._changing, self._writers.of(collection.id):
            await self._ledger.roots.begin_changes(collection.id, changes)
            begun = await self._ledger.collections.find_by_id(collection.id)
            if begun is None:
                raise CollectionNotFound("The collection was deleted.")
            await self.finish_changes(begun)

    async def _repoint_points(
        self, collection: CollectionRecord, generation: Generation, root: Root
    ) -> None:
        table, store = generation.table, self._store
        async for ids in store.ids(table, root_id=root.id):
            for start in range(0, len(ids), _ROWS_A_WRITE):
                group = list(dict.fromkeys(ids[start : start + _ROWS_A_WRITE]))
                points = await store.get(table, group, vectors=True)
                moved = [repointed(point, collection.identity, root.path) for point in points]
                rows = [point for point in moved if point is not None]
                if rows:
                    written = await store.write(table, rows, may_exist={row.id for row in rows})
                    await self._ledger.generations.set_synced_version(generation.id, written)
        maintained = await store.upkeep(table, indexing=False)
        if maintained is not None:
            await self._ledger.generations.set_synced_version(generation.id, maintained)
        self._words.index_requests.ask(collection.id)

    async def _delete_points(
        self, collection: CollectionRecord, generation: Generation, root_id: UUID
    ) -> None:
        async for ids in self._store.ids(generation.table, root_id=root_id):
            version = await self._store.delete(generation.table, ids)
            try:
                await self._words.delete(collection, ids)
            except (StoreWrite, DiskFull):  # no later try would find the ids
                self._words.ask(collection)
            synced = SyncedVersion(generation.id, version)
            await self._ledger.roots.forget_points(collection.id, ids, synced=synced)


def _unknown(collection: CollectionRecord, path: bytes) -> RootNotFound:
    known = ", ".join(display_text(root.path) for root in collection.roots) or "none"
    return RootNotFound(
        f"{display_text(path)} is no root of the collection {collection.name!r}; "
        f"these are: {known}."
    )
