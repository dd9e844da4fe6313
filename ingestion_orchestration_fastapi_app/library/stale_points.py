"""Points whose files have another content now that is no image, or could not be imported."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, State, found
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.roots import relative_path
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository


class StalePoints:
    """They are kept, and found: what was there is what somebody may be looking for."""

    def __init__(self, files: FileRepository) -> None:
        self._files = files

    async def among(self, collection: CollectionRecord, points: Sequence[Point]) -> frozenset[UUID]:
        """Ids of those that the last import of their file left as they were before."""
        by_key: dict[FileKey, UUID] = {}
        for point in points:
            relative = relative_path(point, collection.identity)
            if relative is not None:
                by_key[FileKey(point.root_id, relative)] = point.id
        files = await self._files.recall(collection.id, list(by_key)) if by_key else {}
        model = collection.fingerprint or ""
        stale = [
            key
            for key, file in files.items()
            if (vector := found(file.artefacts, Kind.VECTOR, model)) is not None
            if vector.state is State.STALE
        ]
        return frozenset(by_key[key] for key in stale)
