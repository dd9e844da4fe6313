"""What the content cache knows of files that were read: vectors, pictures and captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Kind,
    found,
    has_endpoint_caption,
)
from ingestion_orchestration_fastapi_app.domain.files.change_detection import counts
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.ingest.items import ReadFile
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext


@dataclass(frozen=True, slots=True)
class CachedContent:
    """Each by the picture key of a content."""

    vectors: Mapping[bytes, Vector] = field(default_factory=dict)
    pictures: Mapping[bytes, Picture] = field(default_factory=dict)
    captions: Mapping[bytes, str] = field(default_factory=dict)


async def cached_content(look: LookContext, files: Sequence[ReadFile]) -> CachedContent:
    if look.options.force or not files:
        return CachedContent()
    cache = look.ports.cache
    captions: Mapping[bytes, str] = {}
    keys = list({file.content.picture_key for file in files})
    with look.progress.busy("known"):
        vectors = await _vectors(look, keys)
        pictures = await cache.pictures(look.ports.preparation.picture_version, keys)
        if look.caption_fingerprint is not None:  # also where none is wanted: it costs nothing
            captions = await cache.captions(look.caption_fingerprint, keys)
    return CachedContent(vectors, pictures, captions)


async def _vectors(look: LookContext, keys: list[bytes]) -> dict[bytes, Vector]:
    known = await look.ports.cache.vectors([look.vector_key(sha256) for sha256 in keys])
    vectors = {key.sha256: vector for key, vector in known.items()}
    missing = [sha256 for sha256 in keys if sha256 not in vectors]
    earlier = [key for sha256 in missing for key in look.earlier_vector_keys(sha256)]
    known = await look.ports.cache.vectors(earlier)
    return vectors | {key.sha256: vector for key, vector in known.items()}


def needs_no_caption(look: LookContext, file: ReadFile) -> bool:
    """None is wanted, or it is known of this content that it can have none."""
    if not look.wants_captions:
        return True
    record, content = file.record, file.content
    if record is None or record.stat is None or record.sha256 != content.sha256:
        return False
    if record.stat.sidecar_mark != content.file.stat.sidecar_mark:
        return False  # it may be turned another way
    if has_endpoint_caption(record.artefacts):
        return True
    caption = found(record.artefacts, Kind.CAPTION, look.wanted.caption_model or "")
    return caption is not None and caption.is_verdict and counts(caption, look.readers)
