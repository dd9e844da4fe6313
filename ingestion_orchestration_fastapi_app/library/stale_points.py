"""Points whose files have another content now that is no image, or could not be imported."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository


class StalePoints:
    """They are kept, and found: what was there is what somebody may be looking for."""

    def __init__(self, files: FileRepository) -> None:
        self._files = files

    async def among(self, collection: CollectionRecord, points: Sequence[Point]) -> frozenset[UUID]:
        """Ids of those that the last import of their file left as they were before."""
        ids = [point.id for point in points]
        model = collection.fingerprint or ""
        return frozenset(await self._files.stale(collection.id, ids, model=model) if ids else ())
