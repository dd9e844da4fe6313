"""The ledger's in-memory twin, a class a repository: the same rules, the same suite of tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.memory_ledger.access import MemoryAllowedRoots, MemorySessions
from tests.memory_ledger.albums import MemoryAlbums
from tests.memory_ledger.annotations import MemoryAnnotations
from tests.memory_ledger.artefacts import MemoryArtefacts
from tests.memory_ledger.browsing import MemoryBrowsing
from tests.memory_ledger.calibrations import MemoryCalibrations
from tests.memory_ledger.captions import MemoryCaptions
from tests.memory_ledger.catalogue import MemoryCatalogue
from tests.memory_ledger.collections import MemoryCollections
from tests.memory_ledger.duplicate_decisions import MemoryDecisions
from tests.memory_ledger.duplicates import MemoryDismissals, MemoryDuplicateGroups
from tests.memory_ledger.files import MemoryFiles
from tests.memory_ledger.folder_marks import MemoryFolderMarks
from tests.memory_ledger.folders import MemoryFolders
from tests.memory_ledger.forgotten import MemoryForgotten
from tests.memory_ledger.generations import MemoryGenerations
from tests.memory_ledger.jobs import MemoryJobs
from tests.memory_ledger.roots import MemoryRoots
from tests.memory_ledger.sidecars import MemorySidecars
from tests.memory_ledger.state import State
from tests.memory_ledger.trash import MemoryTrash


def utc_now() -> datetime:
    return datetime.now(UTC)


def memory_ledger(*, clock: Callable[[], datetime] = utc_now) -> Ledger:
    """Every method of its repositories lets others run once, as the real ones do."""
    state = State(clock)
    duplicate_groups = MemoryDuplicateGroups(state)
    decisions = MemoryDecisions(state, duplicate_groups)
    return Ledger(
        collections=MemoryCollections(state),
        generations=MemoryGenerations(state),
        roots=MemoryRoots(state),
        folders=MemoryFolders(state),
        files=MemoryFiles(state),
        artefacts=MemoryArtefacts(state),
        captions=MemoryCaptions(state),
        catalogue=MemoryCatalogue(state),
        browsing=MemoryBrowsing(state),
        calibrations=MemoryCalibrations(state),
        annotations=MemoryAnnotations(state),
        albums=MemoryAlbums(state),
        folder_marks=MemoryFolderMarks(state),
        sidecars=MemorySidecars(state),
        duplicate_groups=duplicate_groups,
        duplicate_decisions=decisions,
        dismissals=MemoryDismissals(state, duplicate_groups),
        forgotten=MemoryForgotten(state),
        trash=MemoryTrash(state),
        jobs=MemoryJobs(state),
        sessions=MemorySessions(state),
        allowed_roots=MemoryAllowedRoots(state),
    )
