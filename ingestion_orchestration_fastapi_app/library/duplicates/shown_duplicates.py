"""Groups of duplicates with their images, as they are now."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.duplicates.keeper import decided_by, reason_text
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    Dismissal,
    FoundGroup,
    GroupCounts,
    Member,
    SearchRun,
)
from ingestion_orchestration_fastapi_app.domain.library import checked_text
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import (
    CursorRefused,
    DuplicatesNotFound,
    ImageNotFound,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.visible import visible
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.groups import KeptBy
from utils.contract.duplicates.options import DuplicateClass

MEMBERS_AT_ONCE = 500
UNDECIDED = Decision.UNDECIDED
_GROUPS_AT_ONCE = 50
_FORM = 3  # of a cursor; 1 is that of searches, 2 that of lists of images
_CURSOR = struct.Struct("<BQQ16s")


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """`points`: of its images that may be shown those that were asked for, the one to keep first
    where the group's beginning was. `best`: the first two of all.
    """

    group: FoundGroup
    points: Sequence[Point]
    best: tuple[Point, Point]

    @property
    def decisions(self) -> dict[UUID, Decision]:
        """Of its members about which somebody has decided."""
        members = self.group.members
        return {one.point_id: one.decision for one in members if one.decision != UNDECIDED}

    @property
    def kept(self) -> Point:
        return self.best[0]

    @property
    def kept_by(self) -> KeptBy:
        return decided_by(*self.best)

    @property
    def reason(self) -> str:
        return reason_text(*self.best)

    @property
    def bytes_beside(self) -> int:
        return max(0, self.group.bytes_in_all - self.kept.size_bytes)


@dataclass(frozen=True, slots=True)
class GroupPage:
    """`run`: None where no search has ended. `counts`: of the first page alone."""

    collection: CollectionRecord
    run: SearchRun | None
    groups: Sequence[ShownGroup] = ()
    counts: GroupCounts | None = None
    cursor: str | None = None


class ShownDuplicates:
    """Raises CollectionNotFound, StoreRead. What may not be looked at (`shown`), or is hidden, is
    not there.
    """

    def __init__(
        self,
        collections: Collections,
        ledger: Ledger,
        store: VectorStore,
        *,
        shown: Shown,
    ) -> None:
        self._collections = collections
        self._groups = ledger.duplicate_groups
        self._dismissals = ledger.dismissals
        self._store = store
        self._visible = shown

    async def page(
        self,
        name: str,
        *,
        kinds: Collection[DuplicateClass],
        limit: int,
        members: int,
        cursor: str | None,
        decided: bool | None = None,
    ) -> GroupPage:
        """Raises CursorRefused for one of another list, or of groups that were replaced."""
        async with self._collections.reading(name) as collection:
            run = await self._groups.shown(collection.id)
            asked = _digest(collection, kinds, decided)
            after = 0 if cursor is None else _after(cursor, run, asked)
            if run is None:
                return GroupPage(collection, None)
            found = await self._groups.page(
                run.id,
                self._seen(collection),
                kinds=kinds,
                after=after,
                limit=limit,
                members=max(2, members),
                decided=decided,
            )
            counts = (
                await self._groups.counts(run.id, self._seen(collection))
                if cursor is None
                else None
            )
            shown = await self._shown(collection, found)
            is_full = len(found) == limit
            written = _written(run.id, found[-1].id, asked) if is_full else None
            cut = [replace(one, points=one.points[:members]) for one in shown]
            return GroupPage(collection, run, cut, counts, written)

    async def group(
        self, name: str, group_id: int, *, offset: int, limit: int
    ) -> tuple[CollectionRecord, ShownGroup]:
        """With so many of its images. Raises DuplicatesNotFound."""
        async with self._collections.reading(name) as collection:
            found = await self._groups.find(collection.id, group_id, self._seen(collection))
            if found is not None:
                best = await self._groups.members(
                    group_id, self._seen(collection), offset=0, limit=MEMBERS_AT_ONCE
                )
                for shown in await self._shown(collection, [replace(found, members=best)]):
                    asked = await self._groups.members(
                        group_id, self._seen(collection), offset=offset, limit=limit
                    )
                    points = await self._points(collection, asked)
                    there = [points[one.point_id] for one in asked if one.point_id in points]
                    group = replace(found, members=asked)
                    return collection, replace(shown, group=group, points=there)
        raise _no_group(name, group_id)

    async def of_image(
        self, name: str, image_id: UUID, *, members: int
    ) -> tuple[CollectionRecord, list[ShownGroup]]:
        """Raises ImageNotFound."""
        async with self._collections.reading(name) as collection:
            if not await self._points(collection, [Member(image_id, b"")]):
                raise ImageNotFound(f"Collection {name!r} holds no image {image_id}.")
            found: list[FoundGroup] = []
            for group_id in await self._groups.of_image(collection.id, image_id):
                group = await self._groups.find(collection.id, group_id, self._seen(collection))
                if group is not None:
                    first = await self._groups.members(
                        group_id, self._seen(collection), offset=0, limit=max(2, members)
                    )
                    found.append(replace(group, members=first))
            shown = await self._shown(collection, found)
            return collection, [replace(one, points=one.points[:members]) for one in shown]

    async def exported(
        self, name: str, kinds: Collection[DuplicateClass], *, decided: bool | None = None
    ) -> tuple[CollectionRecord, SearchRun | None, AsyncGenerator[ShownGroup]]:
        """All groups of the search that is shown now, which must be closed."""
        async with self._collections.reading(name) as collection:
            run = await self._groups.shown(collection.id)
        return collection, run, self._everything(collection, run, kinds, decided)

    async def _everything(
        self,
        collection: CollectionRecord,
        run: SearchRun | None,
        kinds: Collection[DuplicateClass],
        decided: bool | None,
    ) -> AsyncGenerator[ShownGroup]:
        """Group by group, large ones in parts of MEMBERS_AT_ONCE that follow each other."""
        after = 0
        while run is not None:
            found = await self._groups.page(
                run.id,
                self._seen(collection),
                kinds=kinds,
                after=after,
                limit=_GROUPS_AT_ONCE,
                members=MEMBERS_AT_ONCE,
                decided=decided,
            )
            for shown in await self._shown(collection, found):
                yield shown
                for offset in range(MEMBERS_AT_ONCE, shown.group.count, MEMBERS_AT_ONCE):
                    asked = await self._groups.members(
                        shown.group.id,
                        self._seen(collection),
                        offset=offset,
                        limit=MEMBERS_AT_ONCE,
                    )
                    points = await self._points(collection, asked)
                    group = replace(shown.group, members=asked)
                    yield replace(shown, group=group, points=list(points.values()))
            if len(found) < _GROUPS_AT_ONCE:
                return
            after = found[-1].id

    async def dismiss(self, name: str, group_id: int) -> int:
        """Raises DuplicatesNotFound; ValidationProblem where too much was dismissed."""
        _, shown = await self.group(name, group_id, offset=0, limit=1)
        collection = await self._collections.get(name)
        path = shown.kept.display_path
        made = await self._dismissals.dismiss(collection.id, group_id, path)
        if made is None:
            raise _no_group(name, group_id)
        return made

    async def dismissed(self, name: str, *, after: int, limit: int) -> list[Dismissal]:
        collection = await self._collections.get(name)
        return await self._dismissals.page(collection.id, after=after, limit=limit)

    async def take_back(self, name: str, dismissal_id: int) -> None:
        """Raises DuplicatesNotFound."""
        collection = await self._collections.get(name)
        if not await self._dismissals.take_back(collection.id, dismissal_id):
            raise DuplicatesNotFound(f"Nothing was dismissed in {name!r} as {dismissal_id}.")

    async def _shown(
        self, collection: CollectionRecord, groups: Sequence[FoundGroup]
    ) -> list[ShownGroup]:
        """Without those of which fewer than two may be shown."""
        members = [one for group in groups for one in group.members]
        points = await self._points(collection, members)
        shown = []
        for group in groups:
            there = [points[one.point_id] for one in group.members if one.point_id in points]
            if len(there) > 1:
                shown.append(ShownGroup(group, there, (there[0], there[1])))
        return shown

    async def _points(
        self, collection: CollectionRecord, members: Sequence[Member]
    ) -> dict[UUID, Point]:
        if collection.active is None:
            return {}
        ids = list(dict.fromkeys(one.point_id for one in members))
        found: dict[UUID, Point] = {}
        for start in range(0, len(ids), MEMBERS_AT_ONCE):
            page = ids[start : start + MEMBERS_AT_ONCE]
            points = await self._store.get(collection.active.table, page)
            found.update((one.id, one) for one in points if self._seen(collection).shows(one))
        return found

    def _seen(self, collection: CollectionRecord) -> Filters:
        return visible(NO_FILTERS, collection, self._visible)


def _no_group(name: str, group_id: int) -> DuplicatesNotFound:
    return DuplicatesNotFound(
        f"Collection {name!r} has no group {group_id} of duplicates now: a later search has "
        "replaced it, its images went, or somebody dismissed it."
    )


def _digest(collection: CollectionRecord, kinds: Iterable[str], decided: bool | None) -> bytes:
    only = "" if decided is None else f" {decided}"
    text = f"{collection.identity} {' '.join(sorted(kinds))}{only}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _written(run_id: int, group_id: int, asked: bytes) -> str:
    return checked_text.written(_CURSOR.pack(_FORM, run_id, group_id, asked))


def _after(cursor: str, run: SearchRun | None, asked: bytes) -> int:
    content = checked_text.read(cursor)
    if content is not None and len(content) == _CURSOR.size:
        form, run_id, group_id, digest = _CURSOR.unpack(content)
        if form == _FORM and digest == asked:
            if run is not None and run.id == run_id:
                return int(group_id)
            raise CursorRefused("Another search has replaced these groups: begin anew.")
    raise CursorRefused("It is no cursor of this list.")
