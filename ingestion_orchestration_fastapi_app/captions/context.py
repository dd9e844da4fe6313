"""What the stages of one run share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from ingestion_orchestration_fastapi_app.captions.account import Account
from ingestion_orchestration_fastapi_app.captions.pictures import CaptionPictures
from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner, WantedCaptions
from ingestion_orchestration_fastapi_app.domain.files.change_detection import Readers
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.words.captioning import WordsCaptioning
from ingestion_orchestration_fastapi_app.ports.captioner import OpenCaptioner
from utils.contract import CaptionOptions


@dataclass(frozen=True, slots=True)
class Concurrency:
    """`load_workers` fetch whole pictures; groups of captions end by number or by age."""

    load_workers: int
    store_rows: int
    store_linger_s: float


@dataclass(frozen=True, slots=True)
class CaptionContext:
    """`began`: when the job did, before any restart. `writer` is held while a group is written: no
    import writes to the same images then.
    """

    scope: JobScope
    options: CaptionOptions
    filters: Filters
    collections: Collections
    captioning: WordsCaptioning
    pictures: CaptionPictures
    opened: OpenCaptioner
    account: Account
    concurrency: Concurrency
    began: datetime | None
    writer: Callable[[], AbstractAsyncContextManager[object]]

    @property
    def captioner(self) -> Captioner:
        return self.opened.captioner

    @property
    def collection_id(self) -> int:
        return self.scope.record.collection_id

    @property
    def ports(self) -> Ports:
        return self.scope.ports

    @property
    def progress(self) -> JobProgress:
        return self.scope.progress

    def wanted(self, collection: CollectionRecord) -> WantedCaptions:
        """By whichever model the collection has now."""
        return WantedCaptions(
            collection.bound().fingerprint,
            self.captioner.fingerprint,
            renew=self.options.renew,
            filters=self.filters,
        )

    @property
    def readers(self) -> Readers:
        return Readers(self.ports.preparation.reader_version, datetime.now(UTC))
