"""The search itself: class after class, the strictest first, and its account.

All classes down to the loosest that is asked for are looked through, since a pair belongs to its
strictest; those that are not asked for are not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.duplicates.candidates import (
    SamePictureCandidates,
)
from ingestion_orchestration_fastapi_app.domain.duplicates.dismissing import (
    dismissed_copies,
    dismissed_places,
)
from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Grouping
from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images
from ingestion_orchestration_fastapi_app.domain.duplicates.records import Member, NewGroup
from ingestion_orchestration_fastapi_app.domain.duplicates.sure_classes import (
    group_bursts,
    group_raw_jpeg,
    group_same_bytes,
)
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.duplicates.account import Position, save
from ingestion_orchestration_fastapi_app.duplicates.look_alikes import LookAlikes
from ingestion_orchestration_fastapi_app.duplicates.pictures import ComparedPictures
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from utils.contract.duplicates.options import DuplicateClass, DuplicatesOptions
from utils.contract.warnings import WarningCode

SAVE_EVERY = 2000  # images
_CLASSES = list(DuplicateClass)


class DuplicateSearch:
    def __init__(
        self,
        scope: JobScope,
        options: DuplicatesOptions,
        collection: CollectionRecord,
        images: Images,
        dismissed: Sequence[tuple[int, bytes]],
        *,
        thumbnails: Thumbnails,
        threads: CapacityLimiter,
    ) -> None:
        self._scope, self._options, self._collection = scope, options, collection
        self._images, self._dismissed = images, dismissed
        self._thumbnails, self._threads = thumbnails, threads
        self._grouping = Grouping(len(images), dismissed_places(images, dismissed))
        self._report: Report = report_of(None)
        last = max(_CLASSES.index(one) for one in options.classes)
        self._classes = _CLASSES[: last + 1]  # each is grouped by what those before it left

    async def digest(self) -> str:
        """Of all that the groups are made of, but for thumbnails."""
        return await to_thread.run_sync(self._digest, limiter=self._threads)

    def _digest(self) -> str:
        found = hashlib.sha256(self._collection.bound().table.encode())
        found.update(self._images.digest().encode())
        for number, content in sorted(self._dismissed):
            found.update(b"%d " % number + content)
        return found.hexdigest()

    async def whole(self, position: Position) -> list[NewGroup]:
        """The groups, in the order in which they are shown."""
        progress = self._scope.progress
        progress.total, progress.scan_complete = len(self._images), True
        self._grouping.replay(position.joined())
        for kind in self._classes:
            if position.is_before(kind):
                progress.done = self._images_done(position)
                with progress.busy(kind.value):
                    await self._class(kind, position)
                position.after, position.place = _CLASSES.index(kind) + 1, 0
                await self._save(position)
        groups = await to_thread.run_sync(self._groups, limiter=self._threads)
        self._report.numbers = {"images": len(self._images), **_numbers(groups)}
        self._report.numbers["unconfirmed"] = position.unconfirmed
        progress.done = progress.total
        await save(self._scope, position, self._report)
        return groups

    async def _class(self, kind: DuplicateClass, position: Position) -> None:
        images, grouping, options = self._images, self._grouping, self._options
        if kind is DuplicateClass.SAME_BYTES:
            copies = dismissed_copies(self._dismissed)
            group = partial(group_same_bytes, images, grouping, dismissed=copies)
            await to_thread.run_sync(group, limiter=self._threads)
        elif kind is DuplicateClass.RAW_JPEG:
            await to_thread.run_sync(group_raw_jpeg, images, grouping, limiter=self._threads)
        elif kind is DuplicateClass.SAME_PICTURE:
            await self._same_pictures(position)
        elif kind is DuplicateClass.BURST:
            group = partial(
                group_bursts,
                images,
                grouping,
                within_s=options.burst_s,
                most_bits=options.burst_hash_bits,
            )
            await to_thread.run_sync(group, limiter=self._threads)
        else:
            alike = LookAlikes(self._scope, self._collection, images, grouping, self._threads)
            async for place in alike.grouped(options.min_cosine, after=position.place):
                await self._moved(position, place)

    async def _same_pictures(self, position: Position) -> None:
        images, grouping, kind = self._images, self._grouping, DuplicateClass.SAME_PICTURE
        find = partial(
            SamePictureCandidates.found,
            images,
            grouping,
            most_bits=self._options.max_hash_bits,
        )
        candidates = await to_thread.run_sync(find, limiter=self._threads)
        if candidates.pairs_left_out:
            self._scope.progress.warn(WarningCode.HASHES_TOO_NEAR)
        compared = ComparedPictures(
            self._scope, self._collection, images, self._thumbnails, self._threads
        )
        standing = np.flatnonzero(grouping.standing(kind) & images.is_seen)
        for place in standing.tolist():
            if place >= position.place:
                found = candidates.of(place)
                if found:
                    answer = await compared.compared(place, found)
                    position.unconfirmed += not answer.is_whole
                    any(grouping.join(kind, place, other) for other in answer.same)
                    await self._moved(position, place + 1)
            candidates.passed(place)
        if candidates.left_out:
            self._scope.progress.warn(WarningCode.TOO_MANY_ALIKE, count=candidates.left_out)

    async def _moved(self, position: Position, place: int) -> None:
        """Saves now and then, by how many images are behind: a saved position is never ahead."""
        before = position.place // SAVE_EVERY
        position.place = place
        self._scope.progress.done = self._images_done(position)
        if place // SAVE_EVERY != before:
            await self._save(position)

    def _images_done(self, position: Position) -> int:
        """Each class looks at all of them: so many whole ones the work behind it comes to."""
        return (len(self._images) * position.after + position.place) // len(self._classes)

    async def _save(self, position: Position) -> None:
        position.keep(self._grouping.joins)
        await save(self._scope, position, self._report)

    def _groups(self) -> list[NewGroup]:
        """By class; of each those first that take most of the disk beside the one to keep."""
        images, found = self._images, list[NewGroup]()
        for kind in _CLASSES:
            if kind in self._options.classes:
                groups = list(self._grouping.groups(kind))
                sizes = [int(images.size_bytes[group[1:]].sum()) for group in groups]
                order = sorted(range(len(groups)), key=lambda at: (-sizes[at], groups[at]))
                found += [self._group(kind, groups[at]) for at in order]
        return found

    def _group(self, kind: DuplicateClass, places: Sequence[int]) -> NewGroup:
        images = self._images
        return NewGroup(kind, [Member(images.id_at(one), images.content_at(one)) for one in places])


def _numbers(groups: Sequence[NewGroup]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for group in groups:
        for what, count in (("groups", 1), ("images", len(group.members))):
            name = f"{group.kind} {what}"
            numbers[name] = numbers.get(name, 0) + count
    return numbers
