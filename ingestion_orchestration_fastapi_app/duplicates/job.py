"""One search for duplicates, from its start or from where it was, to groups that are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.duplicates.account import position_of
from ingestion_orchestration_fastapi_app.duplicates.reading import (
    TooManyImagesError,
    images_of,
)
from ingestion_orchestration_fastapi_app.duplicates.search import DuplicateSearch
from ingestion_orchestration_fastapi_app.duplicates.shown_groups import show_groups
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from utils.contract import ErrorCode, JobEffect, JobState
from utils.contract.duplicates.options import DuplicatesOptions

DUPLICATES = "duplicates"
_THREADS = 1


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The kind `duplicates`. It reads, and runs beside all else."""

    collections: Collections
    thumbnails: Thumbnails
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    @property
    def kind(self) -> Kind[DuplicatesOptions]:
        described = KindDescription(
            "Looks for images that are the same or alike, and groups them.",
            JobEffect.NOTHING,
        )
        return Kind(DUPLICATES, DuplicatesOptions, self.run, lambda _: None, described=described)

    async def run(self, scope: JobScope, options: DuplicatesOptions) -> Ending | None:
        """None: it was stopped, and goes on where it was."""
        with scope.stop.interruptible():
            collection = await self.collections.by_id(scope.record.collection_id)
            await self._found(scope, options, collection)
            return Ending(JobState.COMPLETED)
        return None

    async def _found(
        self, scope: JobScope, options: DuplicatesOptions, collection: CollectionRecord
    ) -> None:
        if collection.active is None:  # nothing was ever stored in it
            scope.progress.total, scope.progress.scan_complete = 0, True
            await show_groups(scope, collection, images=0, groups=[])
            return
        filters = Filters(folder=options.folder_path)
        try:
            with scope.progress.busy("read"):
                images = await images_of(scope, collection, filters, self.threads)
        except TooManyImagesError as exc:
            raise JobFailedError(ErrorCode.VALIDATION, f"{exc}".capitalize()) from exc
        dismissed = await scope.ports.ledger.dismissals.sets(collection.id)
        search = DuplicateSearch(
            scope,
            options,
            collection,
            images,
            dismissed,
            thumbnails=self.thumbnails,
            threads=self.threads,
        )
        position = position_of(scope.record.checkpoint, await search.digest())
        groups = await search.whole(position)
        await show_groups(scope, collection, images=len(images), groups=groups)
