"""What the orchestrator says and hears."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from utils.contract.base import ErrorCode, Reply, Wire
from utils.contract.inference import Capabilities, Health
from utils.photo_metadata import TakenAtSource


class IngestRequest(Wire):
    """`watch`: whether changes of the directory are picked up from now on; null: as it is."""

    directory_path: str = Field(min_length=1, max_length=4096)
    collection: str = "default"
    recursive: bool = True
    captions: bool = False
    force: bool = False
    sync: bool = False
    confirm_deletes: bool = False
    watch: bool | None = None


class IngestAccepted(Reply):
    job_id: str
    status_url: str


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_ML = "waiting_for_ml"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobCounts(Reply):
    """found = unchanged + cached + embedded + failed + skipped + pending, in one snapshot."""

    found: int = 0
    unchanged: int = 0
    cached: int = 0
    embedded: int = 0
    failed: int = 0
    skipped: int = 0
    pending: int = 0


class LogLine(Reply):
    at: datetime
    event: str
    detail: str = ""


class JobReply(Reply):
    """One snapshot of a job.

    `stages`: seconds of work in each stage, summed over workers. `rate_images_per_s` is of the
    last seconds while the job runs, and `rate_average_images_per_s` of all its running time.
    `eta_s` and its range are there once all is found. `log` holds the last lines. `removed`
    counts points whose files are gone; `counts` are of files that are there. `origin`: `watch` for
    a job over what changed in a watched folder.
    """

    job_id: str
    state: JobState
    reason: str | None
    reason_code: ErrorCode | None
    collection: str
    directory_path: str
    counts: JobCounts
    scan_complete: bool
    bytes: int
    rate_images_per_s: float
    rate_average_images_per_s: float = 0.0
    eta_s: float | None
    eta_low_s: float | None = None
    eta_high_s: float | None = None
    removed: int = 0
    origin: Literal["request", "watch"] = "request"
    stages: dict[str, float]
    bottleneck: str | None
    errors_by_code: dict[str, int]
    warnings: tuple[str, ...]
    log: tuple[LogLine, ...]
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None


class JobLog(Reply):
    """The newest lines, oldest first."""

    lines: tuple[LogLine, ...]


class JobList(Reply):
    jobs: tuple[JobReply, ...]


class FailureReply(Reply):
    path: str
    code: ErrorCode
    detail: str
    at: datetime


class FailurePage(Reply):
    failures: tuple[FailureReply, ...]
    total: int
    next_offset: int | None


class CollectionRequest(Wire):
    name: str


class WatchReply(Reply):
    """`mode`: by `events` of the file system, or only by a `rescan` now and then.

    `detail` says why there are no events, or what else is wrong.
    """

    directory_path: str
    recursive: bool
    mode: Literal["events", "rescan"]
    detail: str | None


class CollectionReply(Reply):
    """`model` and `fingerprint` are null until the first job binds the collection to a model.

    `watches`: the folders whose changes are picked up.
    """

    name: str
    count: int
    model: str | None
    fingerprint: str | None
    roots: tuple[str, ...]
    watches: tuple[WatchReply, ...] = ()
    last_job_id: str | None


class CollectionList(Reply):
    collections: tuple[CollectionReply, ...]


KeywordText = Annotated[str, Field(min_length=1, max_length=200)]


class FilterSpec(Wire):
    """All given conditions must hold. Times are compared as written by the camera.

    `camera` and `lens` are parts of names; `keywords` are whole ones, all of which a picture must
    have. Case does not matter.
    """

    taken_after: datetime | None = None
    taken_before: datetime | None = None
    camera: str | None = Field(default=None, max_length=200)
    lens: str | None = Field(default=None, max_length=200)
    rating_min: int | None = Field(default=None, ge=-1, le=5)
    keywords: tuple[KeywordText, ...] = Field(default=(), max_length=50)
    path_prefix: str | None = Field(default=None, max_length=4096)
    formats: tuple[str, ...] | None = Field(default=None, max_length=50)
    min_width_px: int | None = Field(default=None, ge=1)
    min_height_px: int | None = Field(default=None, ge=1)
    has_gps: bool | None = None


class SearchTextRequest(Wire):
    query: str = Field(min_length=1, max_length=2000)
    collection: str = "default"
    limit: int = Field(default=20, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=10_000)
    filters: FilterSpec = FilterSpec()
    min_score: float | None = Field(default=None, ge=-1, le=1)


class ImageReply(Reply):
    """One point, without its vector.

    `taken_at` is the wall clock where the picture was taken, `taken_at_offset_min` how far it was
    ahead of UTC (null: the camera does not say). `rating` is -1 (rejected) to 5.
    `rung`: `image`, `preview` (embedded in a RAW) or `developed` (a RAW's sensor data).
    """

    id: str
    path: str
    filename: str
    thumbnail_url: str
    file_url: str
    width_px: int
    height_px: int
    bytes: int
    format: str
    taken_at: datetime | None
    taken_at_source: TakenAtSource | None = None
    taken_at_offset_min: int | None = None
    camera_make: str | None
    camera_model: str | None
    lens: str | None = None
    focal_length_mm: float | None = None
    aperture_f: float | None = None
    exposure_s: float | None = None
    iso: int | None = None
    flash_fired: bool | None = None
    latitude: float | None
    longitude: float | None
    altitude_m: float | None = None
    rating: int | None = None
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    software: str | None = None
    caption: str | None
    partial: bool
    rung: str
    sha256: str


class SearchHit(ImageReply):
    """`score` is the cosine between query and image, -1 to 1."""

    score: float


class SearchReply(Reply):
    results: tuple[SearchHit, ...]
    collection: str
    model: str | None
    warnings: tuple[str, ...] = ()


class ImageList(Reply):
    images: tuple[ImageReply, ...]
    collection: str
    next_offset: int | None


class InferenceSummary(Reply):
    """Of all services together: `url` is of the one whose model new collections get."""

    url: str
    reachable: bool
    detail: str | None


class InferenceState(StrEnum):
    """Of one service. OTHER_MODEL: than the first of the setting that answers."""

    READY = "ready"
    AWAY = "away"
    OTHER_MODEL = "other_model"


class InferenceService(Reply):
    """`fingerprint` is the last that it was heard to have; `detail` says why it is not ready."""

    url: str
    state: InferenceState
    fingerprint: str | None
    detail: str | None


class OrchestratorHealth(Health):
    """`detail` says why jobs and searches wait, where no inference service answers."""

    inference: tuple[InferenceService, ...]


class OrchestratorCapabilities(Reply):
    """`safe_clip_batch` is 0 while the inference service has never been reached."""

    safe_clip_batch: int
    batch_size: int
    formats: tuple[str, ...]
    captions_available: bool
    ingest_roots: tuple[str, ...]
    inference: InferenceSummary
    inference_services: tuple[InferenceService, ...]
    ml: Capabilities | None
