"""What is remembered of a sidecar that Photoseek has written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.annotations.annotation import Annotation
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    NOTHING,
    SidecarValues,
)
from utils.metadata.photo_metadata import Metadata

Label = Literal["Red", "Yellow", "Green", "Blue", "Purple"]


@dataclass(frozen=True, slots=True)
class WrittenSidecar:
    """`sha256`: of the whole sidecar as it was written. `put`: what in it is Photoseek's."""

    sha256: bytes
    put: SidecarValues = NOTHING


@dataclass(frozen=True, slots=True)
class PendingSidecar:
    """About to be written. `mark`: the photograph's `FileStat.sidecar_mark` until then."""

    written: WrittenSidecar
    mark: int


@dataclass(frozen=True, slots=True)
class SidecarRecord:
    """Of a photograph. `pending`: it may be there already, or not."""

    key: FileKey
    name: bytes
    written: WrittenSidecar | None = None
    pending: PendingSidecar | None = None

    def put_in(self, sha256: bytes | None) -> SidecarValues:
        """What is Photoseek's in the sidecar that has this hash now."""
        if self.pending is not None and self.pending.written.sha256 == sha256:
            return self.pending.written.put
        return NOTHING if self.written is None else self.written.put


@dataclass(frozen=True, slots=True)
class MarkChange:
    """Of one file in one collection: its mark, where nothing else has changed it since."""

    collection_id: int
    key: FileKey
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class SidecarsWritten:
    """What became of a group."""

    done: Sequence[SidecarRecord] = ()
    given_up: Sequence[FileKey] = ()  # what was pending is not, and was not written
    marks: Sequence[MarkChange] = field(default=())


def values_for(
    said: Annotation, known: Metadata, *, label: Label | None, caption: str | None
) -> SidecarValues:
    """`known`: what the file and its sidecars said at its import. `caption`: only where it is
    wanted; words of people come first.
    """
    is_favourite = bool(said.favourite)
    return SidecarValues(
        rating=said.rating,
        label=label if is_favourite else None,
        is_picked=is_favourite,
        tags=said.tags,
        keywords=known.keywords if said.tags else (),
        description=caption if known.description in (None, caption) else None,
    )
