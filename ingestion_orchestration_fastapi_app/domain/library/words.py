"""The words of a point: what its file says of itself, and its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.text.folded import folded


@dataclass(frozen=True, slots=True)
class Words:
    """One row of a words table. `text` is folded, the caption is as it was made.

    `caption_fingerprint`: the captioner's; None where there is no caption, or nobody knows.
    """

    id: UUID
    text: str
    caption: str | None = None
    caption_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """`fingerprint`: the captioner's; None where nobody knows."""

    text: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class WordHit:
    """Found by its words. `score` is by BM25: above 0, and comparable within one search only."""

    id: UUID
    score: float


def words_of(point: Point, roots: Sequence[Root], caption: Caption | None) -> Words:
    root = next((one.path for one in roots if one.id == point.root_id), None)
    text = text_of(point, point.path.rpartition(b"/")[0] if root is None else root)
    if caption is None:
        return Words(point.id, text)
    return Words(point.id, text, caption.text, caption.fingerprint)


def text_of(point: Point, root: bytes) -> str:
    """What the file says of itself, folded: title, description, keywords, names below its root."""
    is_below = is_within(point.path, root)
    below = point.path[len(root.rstrip(b"/")) :] if is_below else point.path.rpartition(b"/")[2]
    metadata = point.metadata
    said = [metadata.title, metadata.description, *metadata.keywords]
    return folded("\n".join([one for one in said if one] + [display_text(below.strip(b"/"))]))
