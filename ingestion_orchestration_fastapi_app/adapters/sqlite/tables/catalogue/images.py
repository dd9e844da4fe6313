"""What of the catalogue pictures and files are served by. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import file_rows
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState

_IMAGES = """
SELECT c.point_id, f.root_id, r.path, f.path, c.name, c.sha256, c.size_bytes, c.width_px,
    c.height_px, c.phash, c.sidecar_turn, g.fingerprint
FROM catalogue c
CROSS JOIN catalogue_folders f ON f.id = c.folder_id
CROSS JOIN roots r ON r.collection_id = c.collection_id AND r.root_id = f.root_id
CROSS JOIN generations g ON g.collection_id = c.collection_id AND g.state = ?
WHERE c.collection_id = ? AND c.version = ? AND c.point_id IN ({marks})
"""


def found(
    db: sqlite3.Connection, collection_id: int, point_ids: Iterable[UUID]
) -> list[StoredImage]:
    """Those with a row of today's version, in any order."""
    there: list[StoredImage] = []
    given = (GenerationState.ACTIVE, collection_id, CATALOGUE_VERSION)
    for chunk in file_rows.chunks(point_ids):
        query = _IMAGES.format(marks=file_rows.marks(len(chunk)))
        for row in db.execute(query, (*given, *(one.bytes for one in chunk))):
            point_id, root_id, root, folder, name, sha256, *sizes, phash, turn, fingerprint = row
            size_bytes, width_px, height_px = sizes
            there.append(
                StoredImage(
                    id=UUID(bytes=point_id),
                    root_id=UUID(bytes=root_id),
                    path=b"/".join(one for one in (root.rstrip(b"/"), folder, name) if one),
                    sha256=sha256,
                    size_bytes=size_bytes,
                    width_px=width_px,
                    height_px=height_px,
                    phash=phash % 2**64,
                    sidecar_turn=turn,
                    fingerprint=fingerprint,
                )
            )
    return there
