"""How far a check is, what it found, and what of that is yet to be mended: exact over a kill.

A page's findings are counted and kept in one transaction with the position behind it, and with
what is to be mended of it. Mending may be repeated and tells what is well afterwards, so a kill
between two checkpoints neither loses nor doubles a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope


class Phase(StrEnum):
    """FILES: the ledger's files, by key. ROWS: the store's rows are counted. UNKNOWN: those of
    which the ledger knew nothing become known to it. DUPLICATED: of each id one row stays. WORDS:
    theirs are counted. FILLING: they are made whole. CATALOGUE: its rows are compared.
    CATALOGUING: it is made whole.
    """

    FILES = "files"
    ROWS = "rows"
    UNKNOWN = "unknown"
    DUPLICATED = "duplicated"
    WORDS = "words"
    FILLING = "filling"
    CATALOGUE = "catalogue"
    CATALOGUING = "cataloguing"
    DONE = "done"


@dataclass(slots=True)
class Position:
    """`after_root` and `after_path` are the last file's key, the path in hexadecimal digits."""

    phase: Phase = Phase.FILES
    after_root: UUID | None = None
    after_path: str = ""
    done: int = 0
    to_mend: dict[str, list[UUID]] = field(default_factory=dict)  # points, by finding

    @property
    def after(self) -> FileKey | None:
        if self.after_root is None:
            return None
        return FileKey(self.after_root, bytes.fromhex(self.after_path))

    def move_to(self, key: FileKey) -> None:
        self.after_root, self.after_path = key.root_id, key.path.hex()


_POSITION = TypeAdapter(Position)


@dataclass(slots=True)
class Account:
    position: Position
    report: Report

    async def save(self, scope: JobScope) -> None:
        """Durable on return."""
        scope.progress.done = self.position.done
        kept = _POSITION.dump_python(self.position, mode="json")
        checkpoint = Checkpoint(kept, dict(self.report.json()))
        await scope.save(checkpoint)


def account_of(checkpoint: Checkpoint) -> Account:
    kept = checkpoint.position
    position = Position() if kept is None else _POSITION.validate_python(kept)
    return Account(position, report_of(checkpoint.report))
