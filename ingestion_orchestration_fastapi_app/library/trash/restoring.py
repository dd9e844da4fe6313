"""Brings removed points back, group by group, by steps that a crash may fall between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.trash.restoring import (
    Left,
    restored,
    vectors_for,
    why_left,
)
from ingestion_orchestration_fastapi_app.domain.trash.trashed import (
    OfContents,
    OfPoints,
    Restored,
    RestoredGroup,
    Trashed,
    Which,
)
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, RowsRefused, StoreRead
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

log = structlog.get_logger(__name__)

GROUP = 1024


@dataclass(slots=True)
class Outcome:
    """What became of a group. `last`: the number of its last row; None: there was none.
    `taken_back`: contents that were forgotten, of which there may be further copies.
    """

    last: int | None = None
    taken_back: set[bytes] = field(default_factory=set)
    back: list[Restored] = field(default_factory=list)
    left: list[tuple[Trashed, Left]] = field(default_factory=list)

    @property
    def searchable(self) -> int:
        """How many are found again at once; the others need a vector by the model of now."""
        return sum(one.shown is not None for one in self.back)

    def add(self, other: Outcome) -> None:
        self.last = other.last if other.last is not None else self.last
        self.taken_back |= other.taken_back
        self.back += other.back
        self.left += other.left


Account = Callable[[Outcome], tuple[str, Checkpoint, SavedProgress]]


class Restoring:
    """The trash is read last, and written first where something is removed: so each point is in
    it, or in the tables, or in both, and then it is merged.
    """

    def __init__(self, collections: Collections, ledger: Ledger, store: VectorStore) -> None:
        self._collections = collections
        self._ledger = ledger
        self._store = store

    async def bring_back(self, name: str, ids: Sequence[UUID]) -> Outcome:
        """These, whoever has removed them, and every copy of those that somebody has forgotten:
        they are forgotten no more.

        Raises CollectionNotFound, StoreRead, StoreWrite, DiskFull; ServiceOverloaded.
        """
        whole = Outcome()
        async with self._collections.reading(name) as record:
            async with self._collections.writers.held(record.id):
                for start in range(0, len(ids), GROUP):
                    which = OfPoints(ids[start : start + GROUP])
                    whole.add(await self.group(record.id, which, after=0, takes_back=True))
                whole.add(await self.copies(record.id, sorted(whole.taken_back)))
            self._collections.words.index_requests.ask(record.id)
        return whole

    async def copies(self, collection_id: int, contents: Sequence[bytes]) -> Outcome:
        """Of what somebody has forgotten, for who holds the writer: all that is in the trash."""
        whole = Outcome()
        for start in range(0, len(contents), GROUP):
            which, after = OfContents(contents[start : start + GROUP]), 0
            while True:
                outcome = await self.group(collection_id, which, after=after, takes_back=True)
                if outcome.last is None:
                    break
                after = outcome.last
                whole.add(outcome)
        return whole

    async def group(
        self,
        collection_id: int,
        which: Which,
        *,
        after: int,
        takes_back: bool = False,
        account: Account | None = None,
    ) -> Outcome:
        """The next ones, for who holds the collection's writer. Safe to repeat.

        `account`: what the job that does it keeps of the group, in the same step. What cannot
        come back now stays in the trash, but for what is in the collection again.
        """
        collection = await self._ledger.collections.find_by_id(collection_id)
        if collection is None:
            raise CollectionNotFound("The collection was deleted.")
        page = await self._ledger.trash.page(collection_id, which, after=after, limit=GROUP)
        refused: set[UUID] = set()
        while True:
            try:
                return await self._write(
                    collection, page, refused, takes_back=takes_back, account=account
                )
            except RowsRefused as exc:
                log.warning("points_not_restored", collection=collection.name, error=str(exc))
                refused |= exc.why.keys()

    async def _write(
        self,
        collection: CollectionRecord,
        page: Sequence[Trashed],
        refused: set[UUID],
        *,
        takes_back: bool,
        account: Account | None,
    ) -> Outcome:
        ledger = self._ledger
        contents = [one.file.sha256 for one in page if one.file.sha256 is not None]
        forgotten = await ledger.forgotten.among(collection.id, contents)
        known = await ledger.files.recall(collection.id, [one.key for one in page])
        outcome = Outcome(page[-1].number if page else None)
        free: list[Trashed] = []
        for one in page:
            why = why_left(
                one, collection, known.get(one.key), forgotten=forgotten, takes_back=takes_back
            )
            if one.point_id in refused:
                why = Left.ROW_REFUSED
            if why is None:
                free.append(one)
            else:
                outcome.left.append((one, why))
        synced = await self._write_tables(collection, free)
        written = {one.generation_id for one in synced}
        outcome.back = [restored(one, collection, written) for one in free]
        await self._write_words(collection, free, outcome.back)
        if takes_back:
            removed = {one.file.sha256 for one in page if one.is_forgotten}
            outcome.taken_back = forgotten & {one for one in removed if one is not None}
        group = RestoredGroup(
            outcome.back,
            [one.number for one, why in outcome.left if why is Left.ID_TAKEN],
            sorted(outcome.taken_back),
            synced,
            None if account is None else account(outcome),
        )
        if page or account is not None:
            await ledger.trash.restore(collection.id, group)
        return outcome

    async def _write_tables(
        self, collection: CollectionRecord, free: Sequence[Trashed]
    ) -> list[SyncedVersion]:
        rows: defaultdict[int, list[Point]] = defaultdict(list)
        for one in free:
            for generation_id, row in vectors_for(one, collection).items():
                rows[generation_id].append(row)
        if not free:
            return []
        await self._ledger.trash.begin_restore(
            collection.id,
            [(one.key, one.point_id) for one in free],
            {number: [row.id for row in of_it] for number, of_it in rows.items()},
        )
        synced = []
        for generation in collection.generations:
            if points := rows.get(generation.id):
                version = await self._write_table(generation, points)
                synced += [] if version is None else [SyncedVersion(generation.id, version)]
        return synced

    async def _write_table(self, generation: Generation, points: Sequence[Point]) -> int | None:
        """None of one that does not answer, and is not to: it lacks them, as the ledger says."""
        ids = {point.id for point in points}
        try:
            return await self._store.write(generation.table, points, may_exist=ids)
        except (StoreRead, ValueError) as exc:
            if generation.state is GenerationState.ACTIVE:
                raise
            log.warning("generation_left", table=generation.table, error=str(exc))
            return None

    async def _write_words(
        self, collection: CollectionRecord, free: Sequence[Trashed], back: Sequence[Restored]
    ) -> None:
        shown = {one.point_id: one.shown for one in back if one.shown is not None}
        if not shown:
            return
        captions = {
            one.point_id: one.caption
            for one in free
            if one.point_id in shown and one.caption is not None
        }
        await self._collections.words.write(
            collection,
            list(shown.values()),
            captions,
            may_exist=list(shown),
            undisturbed=None,
        )
