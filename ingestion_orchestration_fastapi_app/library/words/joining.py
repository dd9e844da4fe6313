"""What is joined to points as they are shown: captions, their origin, and what people say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger


async def with_words(
    ledger: Ledger, collection_id: int, points: Sequence[Point], found: Mapping[UUID, Words]
) -> list[Point]:
    """A point without words has the caption of its own row, of which nobody knows more."""
    said = await ledger.annotations.find({point.sha256 for point in points})
    captioned = [one.id for one in found.values() if one.caption is not None]
    origins = await ledger.captions.described(collection_id, captioned) if captioned else {}
    joined = [replace(point, annotation=said.get(point.sha256)) for point in points]
    return [
        replace(point, caption=found[point.id].caption, caption_origin=origins.get(point.id))
        if point.id in found
        else point
        for point in joined
    ]
