"""The problems only the orchestrator has, and what its adapters say of the outside world.

Problem
├── DirectoryNotAllowed 403 · DirectoryNotFound 404
├── CollectionNotFound 404 · CollectionExists 409 (CollectionDropping: its table is yet to go)
├── RootNotFound 404 · RootOverlap 409 · RootReadOnly 409 · FolderNotFound 404
├── GenerationNotFound 404 · GenerationStateProblem 409 · SwitchGuarded 409
├── JobNotFound 404 · JobStateProblem 409 · QueueFull 429 · JobKindUnknown 404
├── ImageNotFound 404 · PictureUnavailable 503 · DuplicatesNotFound 404
├── AlbumNotFound 404 · AlbumExists 409
├── ModelMismatch 409
├── ExportNotFound 404 · ExportExists 409 · ExportInvalid 422
├── CursorRefused 400 · TooManyAttempts 429
├── DiskFull 507 · StoreRead 503 · StoreWrite 503 · InboxUnavailable 503
└── DataFolderLocked, DataFolderUnusable (end the process at start-up)

RowsRefused: some rows of a write are none that the vector store can hold

InferenceFault: the inference service did not answer; nothing is wrong with any file
├── Overloaded      asked to wait (429, 503, a body cut off while it was sent)
│   └── ModelIsLoading  the model that was named is not in memory yet
├── Unreachable     refused, unknown host, no answer to a connection
├── ConnectionLost  the connection broke after the batch had been sent: perhaps because of it
├── BatchRefused    413: the batch is larger than the service takes
└── CaptionsUnavailable  it answers, and makes no captions
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from utils.contract import ErrorCode
from utils.problems import Problem


class DirectoryNotAllowed(Problem):
    status = 403
    code = ErrorCode.DIRECTORY_NOT_ALLOWED
    title = "The directory lies outside the allowed roots"


class DirectoryNotFound(Problem):
    status = 404
    code = ErrorCode.DIRECTORY_NOT_FOUND
    title = "The directory does not exist or cannot be read"


class CollectionNotFound(Problem):
    status = 404
    code = ErrorCode.COLLECTION_NOT_FOUND
    title = "There is no such collection"


class CollectionExists(Problem):
    status = 409
    code = ErrorCode.COLLECTION_EXISTS
    title = "The collection exists already"


class CollectionDropping(CollectionExists):
    title = "The collection is still being deleted"


class GenerationNotFound(Problem):
    status = 404
    code = ErrorCode.GENERATION_NOT_FOUND
    title = "The collection has no such generation"


class GenerationStateProblem(Problem):
    status = 409
    code = ErrorCode.GENERATION_STATE
    title = "The generation's state does not allow this"


class SwitchGuarded(Problem):
    status = 409
    code = ErrorCode.SWITCH_GUARD
    title = "Too many images would not be found any more"


class RootNotFound(Problem):
    status = 404
    code = ErrorCode.ROOT_NOT_FOUND
    title = "There is no such root"


class FolderNotFound(Problem):
    status = 404
    code = ErrorCode.FOLDER_NOT_FOUND
    title = "The collection has no such folder"


class RootOverlap(Problem):
    status = 409
    code = ErrorCode.ROOT_OVERLAP
    title = "The root would hold what another root holds already"


class JobNotFound(Problem):
    status = 404
    code = ErrorCode.JOB_NOT_FOUND
    title = "There is no such job"


class JobStateProblem(Problem):
    status = 409
    code = ErrorCode.JOB_STATE
    title = "The job's state does not allow this"


class JobKindUnknown(Problem):
    status = 404
    code = ErrorCode.JOB_KIND
    title = "There is no such kind of job"


class QueueFull(Problem):
    status = 429
    code = ErrorCode.QUEUE_FULL
    title = "Too many jobs wait already"


class ImageNotFound(Problem):
    status = 404
    code = ErrorCode.IMAGE_NOT_FOUND
    title = "There is no such image"


class PictureUnavailable(Problem):
    """The moment's fault: of the picture itself nothing is known to be wrong."""

    status = 503
    code = ErrorCode.PICTURE_UNAVAILABLE
    title = "The picture cannot be had now"


class RootReadOnly(Problem):
    status = 409
    code = ErrorCode.ROOT_READ_ONLY
    title = "Nothing can be written to the folder"


class AlbumNotFound(Problem):
    status = 404
    code = ErrorCode.ALBUM_NOT_FOUND
    title = "There is no such album"


class AlbumExists(Problem):
    status = 409
    code = ErrorCode.ALBUM_EXISTS
    title = "Another album has the name"


class ModelMismatch(Problem):
    status = 409
    code = ErrorCode.MODEL_MISMATCH
    title = "The collection was made by another model"


class ExportNotFound(Problem):
    status = 404
    code = ErrorCode.EXPORT_NOT_FOUND
    title = "There is no such export"


class ExportExists(Problem):
    status = 409
    code = ErrorCode.EXPORT_EXISTS
    title = "The export exists already"


class ExportInvalid(Problem):
    status = 422
    code = ErrorCode.EXPORT_INVALID
    title = "The export cannot be used"


class TooManyAttempts(Problem):
    status = 429
    code = ErrorCode.TOO_MANY_ATTEMPTS
    title = "Too many wrong keys were tried"


class DuplicatesNotFound(Problem):
    status = 404
    code = ErrorCode.DUPLICATES_NOT_FOUND
    title = "There is no such group of duplicates, or nothing was dismissed so"


class CursorRefused(Problem):
    status = 400
    code = ErrorCode.CURSOR
    title = "The cursor cannot be used"


class DiskFull(Problem):
    status = 507
    code = ErrorCode.DISK_FULL
    title = "There is too little disk space"


class InboxUnavailable(Problem):
    status = 503
    code = ErrorCode.INBOX
    title = "The inbox cannot be used now"


class StoreFault(Problem):
    """`cause` is what the store itself said: for the log and a job's reason, never for a caller."""

    status = 503

    def __init__(self, detail: str, *, cause: str = "") -> None:
        super().__init__(detail)
        self.cause = cause

    @property
    def reason(self) -> str:
        return f"{self.detail} ({self.cause})" if self.cause else self.detail


class StoreRead(StoreFault):
    """`damaged_table` is set where the table's files are at fault, and asking again is no use;
    `is_refused` where the system does not let the service read them.
    """

    code = ErrorCode.STORE_READ
    title = "The vector store could not be read"

    def __init__(
        self,
        detail: str,
        *,
        cause: str = "",
        damaged_table: str | None = None,
        is_refused: bool = False,
    ) -> None:
        super().__init__(detail, cause=cause)
        self.damaged_table = damaged_table
        self.is_refused = is_refused


class StoreWrite(StoreFault):
    code = ErrorCode.STORE_WRITE
    title = "The vector store could not be written"


class DataFolderLocked(Problem):
    status = 503
    code = ErrorCode.DATA_FOLDER_LOCKED
    title = "Another process uses the data folder"


class DataFolderUnusable(Problem):
    status = 503
    code = ErrorCode.DATA_FOLDER
    title = "The data folder cannot be made or written"


class RowsRefused(Exception):
    """Nothing of a write was stored: these of its points, by id and why, can never be."""

    def __init__(self, why: Mapping[UUID, str]) -> None:
        super().__init__("; ".join(why.values()))
        self.why = why


class InferenceFault(Exception):
    """The inference service did not answer; nothing is wrong with any file."""


class Overloaded(InferenceFault):
    """Come back later. `retry_after_s` is None where the service did not say when."""

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ModelIsLoading(Overloaded):
    """The model that was named is not in memory yet; others of the service may be."""


class Unreachable(InferenceFault):
    """Nobody answers there."""


class ConnectionLost(InferenceFault):
    """The connection broke after the batch had been sent."""


class BatchRefused(InferenceFault):
    """The batch is larger than the service takes."""


class CaptionsUnavailable(InferenceFault):
    """The service answers, and makes no captions; it says why."""
