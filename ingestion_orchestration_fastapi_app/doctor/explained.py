"""What is known of a picture, and who said it: the file's own blocks, and files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from utils.containers.byte_source import ByteSource
from utils.imaging.formats import Format
from utils.metadata.embedded import said_inside
from utils.metadata.extractor import extract_metadata
from utils.metadata.photo_metadata import Metadata


@dataclass(frozen=True, slots=True)
class Explained:
    """`chosen` is what an import keeps; `sources` what each said alone. `orientation`: EXIF's."""

    chosen: Metadata
    orientation: int | None
    sources: tuple[tuple[str, Metadata], ...]


def explained(
    data: ByteSource,
    known: Format,
    beside: Sequence[tuple[str, bytes]],
    *,
    path: str,
    mtime_ns: int,
) -> Explained:
    """`beside`: sidecars with their names, the one that counts most first. Blocking."""
    sidecars = [block for _, block in beside]
    inside = said_inside(data, known)
    alone = [
        (name, extract_metadata(b"", known, sidecars=[block], path=path)) for name, block in beside
    ]
    return Explained(
        extract_metadata(data, known, sidecars=sidecars, path=path, mtime_ns=mtime_ns),
        inside.orientation,
        (*alone, *inside.said),
    )
