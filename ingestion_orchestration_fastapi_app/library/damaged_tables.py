"""Collections whose tables cannot be used, since the start or a read: why, until one is rebuilt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import StoreFault, StoreRead
from utils.problems import Problem

log = structlog.get_logger(__name__)

_GONE = (
    "The table of collection {name!r} is gone, and {images:,} images were in it. Import its "
    "folders again: they are made anew from what is remembered."
)
_LOST = (
    "{images:,} images of collection {name!r} were lost with a damaged part of its table. Import "
    "its folders again: they are made anew from what is remembered."
)
_UNKNOWN = (
    "The table of collection {name!r} could not be opened, for a reason that is in the log. Import "
    "its folders again: what is damaged is found, and made anew from what is remembered."
)


def table_gone(name: str, images: int, *, table: str) -> StoreRead:
    return StoreRead(_GONE.format(name=name, images=images), damaged_table=table)


class DamagedTables:
    """By collection id. What is asked of such a collection is refused at once, by `check`."""

    def __init__(self) -> None:
        self._why: dict[int, str] = {}
        self._lost: dict[int, str] = {}
        self._mended: Counter[int] = Counter()

    def __contains__(self, collection_id: int) -> bool:
        return collection_id in self._why

    def check(self, collection: CollectionRecord) -> None:
        """Raises StoreRead, which says why, and what to do."""
        why = self._why.get(collection.id)
        if why is not None:
            active = collection.active
            raise StoreRead(why, damaged_table=None if active is None else active.table)

    def mended(self, collection_id: int) -> int:
        """How often, so that a reader can tell that its read began before the last time."""
        return self._mended[collection_id]

    def note(self, collection: CollectionRecord, fault: StoreRead, *, mended: int) -> None:
        """A read found the damage. Nothing where the table was mended since the read began."""
        active = collection.active
        is_own = active is not None and fault.damaged_table == active.table
        if is_own and mended == self._mended[collection.id] and collection.id not in self:
            self._why[collection.id] = fault.detail
            log.error("collection_damaged", collection=collection.name, **logged(fault))

    def note_lost(self, collection: CollectionRecord, images: int) -> None:
        """Of a table that can be read, in which so many images are not that were."""
        if images:
            self._lost[collection.id] = _LOST.format(name=collection.name, images=images)

    def lost(self, collection_id: int) -> str | None:
        """What is missing of a table that can be read, and what to do."""
        return self._lost.get(collection_id)

    def end(self, collection_id: int) -> None:
        """An import has mended the table. Idempotent."""
        self._why.pop(collection_id, None)
        self._lost.pop(collection_id, None)
        self._mended[collection_id] += 1

    @contextmanager
    def noted(self, collection: CollectionRecord) -> Iterator[None]:
        """Whatever goes wrong inside is this collection's damage, and stops nobody else."""
        try:
            yield
        except Exception as exc:  # a bug, too: the others must be served
            fault = exc if isinstance(exc, Problem) else None
            self._why[collection.id] = (
                _UNKNOWN.format(name=collection.name) if fault is None else fault.detail
            )
            log.exception("collection_not_opened", collection=collection.name, **logged(exc))


def logged(exc: Exception) -> dict[str, str]:
    """What the log says of it besides."""
    if isinstance(exc, StoreFault):
        return {"code": exc.code, "detail": exc.reason}
    return {"code": exc.code, "detail": exc.detail} if isinstance(exc, Problem) else {}
