"""Collections as they are kept, and what looking at their tables found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    Mark,
    MarkedFolder,
    marked_folders,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
)


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder of a collection whose changes are picked up. `directory` is absolute."""

    directory: bytes
    recursive: bool = True
    captions: bool = False


NO_COLLECTION = 0  # what a dry run is of where the default one is not there yet


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """`id` never names two collections. `identity` is what its points' ids hang on: it is made
    once, and kept with the points, too.

    `root_changes`: roots that are being re-pointed, and where to, or forgotten (None).
    `words_table`: where its words are, by name. `words_version`: its newest version at which it had
    a row for each point; None where it never had. `catalogue_version`: likewise, of its
    catalogue. `marked`: folders that somebody has hidden or excluded.
    """

    id: int
    name: str
    generations: tuple[Generation, ...]  # the oldest first
    roots: tuple[Root, ...]
    last_job_id: str | None
    identity: str
    watches: tuple[Watch, ...] = ()
    root_changes: Mapping[UUID, bytes | None] = field(default_factory=dict)
    words_table: str | None = None
    words_version: int | None = None
    catalogue_version: int | None = None
    marked: tuple[MarkedFolder, ...] = ()

    @classmethod
    def not_made(cls, name: str) -> CollectionRecord:
        """As an import would find it that made it."""
        return cls(NO_COLLECTION, name, (), (), None, name)

    @property
    def hidden(self) -> tuple[bytes, ...]:
        """Folders that are not shown, absolute."""
        return marked_folders(self.marked, self.roots, Mark.HIDDEN)

    @property
    def excluded(self) -> tuple[bytes, ...]:
        """Folders that no import takes in, absolute."""
        return marked_folders(self.marked, self.roots, Mark.EXCLUDED)

    @property
    def active(self) -> Generation | None:
        """None until a job binds the collection to a model."""
        found = (one for one in self.generations if one.state is GenerationState.ACTIVE)
        return next(found, None)

    @property
    def model(self) -> str | None:
        return None if self.active is None else self.active.model

    @property
    def fingerprint(self) -> str | None:
        return None if self.active is None else self.active.fingerprint

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of all that are its in the vector store."""
        words = () if self.words_table is None else (self.words_table,)
        return (*(one.table for one in self.generations), *words)

    def bound(self) -> Generation:
        """The active one of a collection that has one."""
        active = self.active
        assert active is not None, "it is bound"
        return active


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


class IndexState(StrEnum):
    """Of a table's vectors. `failed`: the last try to build it; one from before still serves."""

    NONE = "none"
    BUILDING = "building"
    INDEXED = "indexed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TableSize:
    """Rows of a collection's table, and how many of them a search must look at one by one."""

    points: int
    unindexed_points: int
    index: IndexState = IndexState.NONE
    index_due: bool = False  # the next upkeep builds one of all rows
