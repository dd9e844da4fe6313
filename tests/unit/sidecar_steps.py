"""Sidecars are planned and written, as a job does it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.sidecar_files import (
    LocalSidecars,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import SidecarRecord
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    SidecarValues,
)
from ingestion_orchestration_fastapi_app.ports.sidecar_files import (
    PlannedSidecar,
    SidecarWish,
    WrittenMarks,
)
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.problems import Rejected

NAMES = (b"a.jpg", b"b.jpg", b"c.jpg")
SAID = SidecarValues(rating=4, tags=("print",))


def stat_of(folder: Path, name: bytes) -> FileStat:
    """Of the photograph now; of one that is gone, anything."""
    try:
        return file_stat((folder / os.fsdecode(name)).lstat())
    except OSError:
        return FileStat(0, 0, 0)


def writing() -> LocalSidecars:
    return LocalSidecars(RootThreads(lambda _: b"/", each=2), is_allowed=lambda _: True)


async def planned(
    files: LocalSidecars,
    folder: Path,
    name: bytes,
    said: SidecarValues = SAID,
    record: SidecarRecord | None = None,
) -> PlannedSidecar | Rejected | None:
    (plan,) = await files.plan(
        os.fsencode(folder), [SidecarWish(name, stat_of(folder, name), said, record)]
    )
    return plan


async def written(
    files: LocalSidecars, folder: Path, names: Sequence[bytes], said: SidecarValues = SAID
) -> list[WrittenMarks | Rejected]:
    wishes = [SidecarWish(name, stat_of(folder, name), said, None) for name in names]
    plans = await files.plan(os.fsencode(folder), wishes)
    made = [one for one in plans if isinstance(one, PlannedSidecar)]
    assert len(made) == len(names), plans
    return await files.commit(os.fsencode(folder), made)
