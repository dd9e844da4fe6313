"""Collections as they are kept, and what looking at their tables found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import (
    Root,
)


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder of a collection whose changes are picked up. `directory` is absolute."""

    directory: bytes
    recursive: bool = True
    captions: bool = False


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """`id` never names two collections. `identity` is what its points' ids hang on: it is made
    once, and kept with the points, too. The model's four are None until a job binds them.

    `synced_version` is the newest table version known to be on the disk. `root_changes`: roots
    that are being re-pointed, and where to, or forgotten (None).
    """

    id: int
    name: str
    model: str | None
    weights: str | None
    dim: int | None
    fingerprint: str | None
    synced_version: int | None
    roots: tuple[Root, ...]
    last_job_id: str | None
    identity: str
    watches: tuple[Watch, ...] = ()
    root_changes: Mapping[UUID, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection's table after the start-up check. `restored`: an older version was put back."""

    version: int
    restored: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What had to be done to a table: its synced version now, and how many rows are gone."""

    version: int
    lost_rows: int
    rebuilds_indexes: bool = False


@dataclass(frozen=True, slots=True)
class TableSize:
    """Rows of a collection's table, and how many of them a search must look at one by one."""

    points: int
    unindexed_points: int
