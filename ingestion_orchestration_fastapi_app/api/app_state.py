"""What the routes need, built once by main and kept on the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from ingestion_orchestration_fastapi_app.api.admin.sessions import Sessions
from ingestion_orchestration_fastapi_app.api.jobs.event_stream import Listeners
from ingestion_orchestration_fastapi_app.domain.access.login_attempts import Attempts
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.library.annotations.album_pages import AlbumPages
from ingestion_orchestration_fastapi_app.library.annotations.albums import Albums
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Browsing
from ingestion_orchestration_fastapi_app.library.catalogue.image_tables import ImageTables
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.duplicates.shown_duplicates import (
    ShownDuplicates,
)
from ingestion_orchestration_fastapi_app.library.folders.excluding import FolderExcluding
from ingestion_orchestration_fastapi_app.library.folders.marking import FolderMarking
from ingestion_orchestration_fastapi_app.library.folders.on_disk import FoldersOnDisk
from ingestion_orchestration_fastapi_app.library.forgetting import Forgetting
from ingestion_orchestration_fastapi_app.library.indexing.upkeep import IndexUpkeep
from ingestion_orchestration_fastapi_app.library.pictures.archives import Archives
from ingestion_orchestration_fastapi_app.library.pictures.originals import Originals
from ingestion_orchestration_fastapi_app.library.pictures.placeholders import Placeholders
from ingestion_orchestration_fastapi_app.library.pictures.previews import Previews
from ingestion_orchestration_fastapi_app.library.pictures.stored_images import StoredImages
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.library.searching.sentences import SentenceSearch
from ingestion_orchestration_fastapi_app.library.stale_points import StalePoints
from ingestion_orchestration_fastapi_app.library.table_sizes import TableSizes
from ingestion_orchestration_fastapi_app.library.trash.restoring import Restoring
from ingestion_orchestration_fastapi_app.library.uploads.uploads import Uploads
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.sidecars.job import WriteSidecars
from ingestion_orchestration_fastapi_app.system.reports import SystemReports
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlans
from ingestion_orchestration_fastapi_app.watch.watching import Watching


@dataclass(frozen=True, slots=True)
class AppState:
    """`free_bytes` blocks: it runs in a thread of `blocking`; what asks users' file systems, in
    those of `root_threads`. `is_same_user` knows the secret of
    the data folder.
    """

    settings: Settings
    ports: Ports
    collections: Collections
    words_filling: WordsFilling
    calibrating: Calibrating
    index_upkeep: IndexUpkeep
    scheduler: JobScheduler
    watching: Watching
    search: Search
    browsing: Browsing
    image_tables: ImageTables
    sentences: SentenceSearch
    albums: Albums
    album_pages: AlbumPages
    sidecar_writing: WriteSidecars
    images: StoredImages
    thumbnails: Thumbnails
    previews: Previews
    placeholders: Placeholders
    stale_points: StalePoints
    pool: InferencePool
    allowed: AllowedRoots
    is_same_user: Callable[[str], bool]
    free_bytes: Callable[[], int]
    is_image_name: Callable[[bytes], bool]
    formats: tuple[str, ...]
    blocking: CapacityLimiter
    table_sizes: TableSizes
    system: SystemReports
    root_threads: RootThreads
    originals: Originals
    archives: Archives
    import_plans: ImportPlans
    forgetting: Forgetting
    folder_marking: FolderMarking
    folder_excluding: FolderExcluding
    folders_on_disk: FoldersOnDisk
    restoring: Restoring
    uploads: Uploads
    duplicates: ShownDuplicates
    listeners: Listeners
    attempts: Attempts
    sessions: Sessions | None  # None: there is no key to log in with


async def services_of(request: Request) -> AppState:
    return cast(AppState, request.app.state.services)  # Starlette's state is untyped


AppStateDep = Annotated[AppState, Depends(services_of)]
