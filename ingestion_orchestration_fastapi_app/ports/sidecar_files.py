"""Sidecars on the disk: planned, then written, a folder at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import SidecarRecord
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    SidecarValues,
)
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class SidecarWish:
    """`name`: of the photograph in its folder, `stat` as it was imported. `record`: what was
    written of it before.
    """

    name: bytes
    stat: FileStat
    wanted: SidecarValues
    record: SidecarRecord | None


@dataclass(frozen=True, slots=True)
class PlannedSidecar:
    """`data`: None where all of it is there. `put`: what is Photoseek's in it then.

    `marks`: of all files that the sidecar counts for, by name, as they are now. `version`: which
    sidecar it was made from, for `commit`.
    """

    name: bytes
    sidecar: bytes
    data: bytes | None
    sha256: bytes
    put: SidecarValues
    marks: Mapping[bytes, int]
    version: object = None


@dataclass(frozen=True, slots=True)
class WrittenMarks:
    """By name, as they are now."""

    marks: Mapping[bytes, int]


class SidecarFiles(Protocol):
    """Names are of one folder, an absolute path. Nothing follows a link."""

    async def why_not_writable(self, folder: bytes) -> str | None:
        """None: it is, as far as can be told without writing."""

    async def plan(
        self, folder: bytes, wishes: Sequence[SidecarWish]
    ) -> list[PlannedSidecar | Rejected | None]:
        """One for each. None: there is nothing to write, and no sidecar. Writes nothing."""

    async def commit(
        self, folder: bytes, planned: Sequence[PlannedSidecar]
    ) -> list[WrittenMarks | Rejected]:
        """Durable on return; safe to repeat. What others have changed since is refused
        (ERR_FILE_CHANGED). Raises DiskFull.
        """
