"""Where points are kept and found."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.collection import Mended, Opened, TableSize
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.table_label import TableLabel
from ingestion_orchestration_fastapi_app.domain.search.candidate import Candidate


class VersionGoneError(Exception):
    """A version that was asked for has been pruned since."""


class VectorStore(Protocol):
    """Tables by their names, word for word; one writer a table: callers hold no lock, the store has
    its own.

    Raises StoreWrite (or DiskFull) when a write did not become durable, StoreRead for what cannot
    be read, or deleted from, a table that is not there included; to write to one, or to open it, is
    a ValueError.
    Both raise ServiceOverloaded where the process has no descriptor, memory or thread left.
    """

    async def create(self, table: str, *, dim: int) -> int:
        """Idempotent. Returns the synced version."""

    async def exists(self, table: str) -> bool: ...
    async def drop(self, table: str) -> None:
        """Idempotent."""

    async def open(
        self, table: str, *, synced_version: int | None, dim: int | None = None
    ) -> Opened:
        """Opens and scans the newest version; if that is torn, restores `synced_version`.

        A table whose vectors have not `dim` numbers cannot be read.
        """

    async def mend(self, table: str, *, dim: int) -> Mended | None:
        """Looks at what is not known to be whole, bounded where nothing is suspected, and takes
        out what cannot be read. None where nothing was done. No other writer meanwhile.
        """

    async def write(
        self, table: str, points: Sequence[Point], *, may_exist: Collection[UUID]
    ) -> int:
        """Appends the new, merges those in `may_exist`, syncs. Returns the synced version.

        `points` hold no id twice. Raises RowsRefused, and writes nothing, where some of them can
        never be stored.
        """

    async def delete(self, table: str, ids: Sequence[UUID]) -> int: ...
    async def drop_odd_rows(self, table: str, ids: Sequence[UUID], *, tolerance: float) -> int:
        """Of these points: rows whose vector is further than `tolerance` from norm 1, and of an id
        that has more rows all but the last one written. As they are now, whoever writes meanwhile.
        """

    async def search(
        self,
        table: str,
        vector: Vector,
        *,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
        vectors: bool = False,
    ) -> list[Hit]:
        """By cosine, best first, ties by id; those after `offset`, or after that result.

        Without `vectors` those of the points are empty.
        """

    async def candidates(
        self,
        table: str,
        vector: Vector | None,
        *,
        limit: int,
        filters: Filters = NO_FILTERS,
        min_score: float | None = None,
    ) -> list[Candidate]:
        """As `search` gives them, but only what they are compared by. Without a vector by id, and
        without a score.
        """

    async def get(self, table: str, ids: Sequence[UUID], *, vectors: bool = False) -> list[Point]:
        """In the order asked for; what is not there is left out."""

    async def vectors(self, table: str, ids: Sequence[UUID]) -> dict[UUID, Vector]:
        """Nothing else of them is read; what is not there is left out."""

    async def page(
        self, table: str, *, limit: int, offset: int, filters: Filters = NO_FILTERS
    ) -> list[Point]:
        """In the order of display path and id, without vectors."""

    async def count(self, table: str, filters: Filters = NO_FILTERS) -> int: ...
    async def size(self, table: str) -> TableSize: ...
    async def disk_bytes(self, table: str) -> int:
        """What it takes, with indexes and versions that are not pruned yet; 0 where it is not
        there. On an object storage the newest version alone.
        """

    def ids(self, table: str, *, root_id: UUID | None = None) -> AsyncIterator[list[UUID]]:
        """Every row's id, or of one root's, as they are now, in groups; a duplicate shows twice."""

    async def version(self, table: str) -> int:
        """The newest."""

    def points(
        self,
        table: str,
        *,
        version: int,
        skip: int = 0,
        filters: Filters = NO_FILTERS,
        vectors: bool = False,
    ) -> AsyncGenerator[list[Point], None]:
        """Those of one version that the filters meet, in groups, but for the first `skip`: always
        in the same order, whatever is written meanwhile. Raises VersionGoneError.
        """

    async def tables(self) -> list[str]:
        """Names of all that are there, also of what is no table of points, or cannot be read."""

    async def label(self, table: str) -> TableLabel | None:
        """As it was last put; None where there is no table."""

    async def put_label(self, table: str, label: TableLabel) -> int:
        """Kept with the points, so that who loses the ledger loses no id. Synced on return."""

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        """Compaction, index, pruning, if due. Returns the synced version, None if nothing was.

        An index is built by another process: writes and searches go on, and another upkeep does
        nothing meanwhile. One that fails is said by `size`, not raised. Without `indexing` none is
        built.
        """
