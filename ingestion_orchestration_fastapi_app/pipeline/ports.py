"""What the pipeline, the supervisor and the API need of the outside world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.cursor import After
from ingestion_orchestration_fastapi_app.core.files import (
    File,
    Hit,
    Picture,
    Point,
    Root,
    Vector,
)
from ingestion_orchestration_fastapi_app.core.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.core.records import (
    Linked,
    Mended,
    Mounted,
    Opened,
    QueryVector,
    ScanFault,
)
from ingestion_orchestration_fastapi_app.core.uploads import (
    Content,
    Embedded,
    Prepared,
    Sendable,
    Skipped,
    VectorKey,
)
from utils.contract import Capabilities, ClipUpload
from utils.problems import Rejected

ScanGroup: TypeAlias = list[File] | Mounted | Linked | ScanFault


class VectorStore(Protocol):
    """One table a collection, one writer a table: callers hold no lock, the store has its own.

    Raises StoreWrite (or DiskFull) when a write did not become durable, StoreRead for what cannot
    be read, a table that is not there included; to write to one, or to open it, is a ValueError.
    """

    async def create(self, collection: str, *, dim: int) -> int:
        """Idempotent. Returns the synced version."""

    async def exists(self, collection: str) -> bool: ...
    async def drop(self, collection: str) -> None:
        """Idempotent."""

    async def open(self, collection: str, *, synced_version: int | None) -> Opened:
        """Opens and scans the newest version; if that is torn, restores `synced_version`."""

    async def mend(self, collection: str, *, dim: int) -> Mended | None:
        """Looks at what is not known to be whole, bounded where nothing is suspected, and takes
        out what cannot be read. None where nothing was done. No other writer meanwhile.
        """

    async def write(
        self, collection: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        """Appends the new, merges those in `may_exist`, syncs. Returns the synced version.

        `points` hold no id twice. Raises RowsRefused, and writes nothing, where some of them can
        never be stored.
        """

    async def delete(self, collection: str, ids: Sequence[UUID]) -> int: ...
    async def search(
        self,
        collection: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Hit]:
        """By cosine, best first, ties by id; those after `offset`, or after that result."""

    async def get(
        self, collection: str, ids: Sequence[UUID], *, vectors: bool = False
    ) -> list[Point]:
        """In the order asked for; what is not there is left out."""

    async def page(
        self, collection: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        """In the order of display path and id, without vectors."""

    async def count(self, collection: str, filters: Filters = NO_FILTERS) -> int: ...
    def ids(self, collection: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        """Every row's id, or of one root's, as they are now, in groups; a duplicate shows twice."""

    async def roots(self, collection: str) -> list[Root]:
        """As they were last put, in no order; none where there is no table."""

    async def put_roots(self, collection: str, roots: Sequence[Root]) -> int:
        """Kept with the points, so that who loses the ledger loses no id. Synced on return."""

    async def upkeep(self, collection: str) -> int | None:
        """Compaction, index, pruning, if due. Returns the synced version, None if nothing was."""


class ContentCache(Protocol):
    """By content. A loss costs time, never a job; a broken one is rebuilt."""

    async def vectors(self, keys: Sequence[VectorKey]) -> dict[VectorKey, Vector]: ...
    async def pictures(self, preparation: str, hashes: Sequence[bytes]) -> dict[bytes, Picture]: ...
    async def captions(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, str]: ...
    async def put_captions(self, fingerprint: str, captions: Mapping[bytes, str]) -> None: ...
    async def put_vectors(self, vectors: Mapping[VectorKey, Vector]) -> None: ...
    async def put_pictures(self, preparation: str, pictures: Mapping[bytes, Picture]) -> None: ...


class OpenFile(Protocol):
    """A file whose header was read and whose rest waits for its memory to be reserved."""

    need_bytes: int

    async def read(self) -> Content | Rejected: ...
    async def close(self) -> None: ...


class Library(Protocol):
    """The photographs' file system."""

    def scan(
        self, directory: bytes, *, recursive: bool, roots: Sequence[Root]
    ) -> AsyncIterator[ScanGroup]:
        """Regular files below the directory, in groups, each under the deepest root it is in.

        Each file system comes before its files. Links are told of and not followed.
        """

    async def gone(self, paths: Sequence[bytes], *, below: bytes) -> list[bool]:
        """Of each path: nothing is there now, though a scan of `below` would not pass it over."""

    async def known_as(self, directory: bytes, roots: Sequence[Root]) -> bytes:
        """The path under which the roots hold the folder, where it is mounted at another, too."""

    async def is_bare(self, folder: bytes) -> bool:
        """Nothing is in it that a scan would look at; also where it is missing or unlistable."""

    async def is_allowed(self, directory: bytes) -> bool:
        """Whether it lies in a folder that may be imported, now, and leads there."""

    async def open(self, file: File) -> OpenFile | Rejected | Skipped: ...


class Preparation(Protocol):
    """One decode gives everything a job needs; `whole_side_px` above 0: for captions too."""

    version: str  # changes whenever uploads or pictures would

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected: ...


class Inference(Protocol):
    """One inference service. Raises InferenceFault, ModelMismatch."""

    @property
    def url(self) -> str:
        """Which of them: for people."""

    async def capabilities(self) -> Capabilities: ...
    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        """By id; every id is answered.

        An Original that is not what was hashed any more is Rejected, whatever the service said.
        """

    async def embed_text(self, text: str) -> QueryVector: ...
    async def embed_image(self, data: bytes) -> QueryVector: ...
