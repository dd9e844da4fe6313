"""How far a job of sidecars is, and what became of the images behind it.

Both are kept with each group. One that a kill cut off before is looked at again: what of it was
written counts as written where the ledger did not know that yet, else as unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example, Report, report_of
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Position
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from utils.problems import Rejected


@dataclass(slots=True)
class Behind:
    """The last image that is done: its row, its root, and its path in hexadecimal digits."""

    row: int | None = None
    root_id: UUID | None = None
    path: str = ""
    done: int = 0

    @property
    def position(self) -> Position | None:
        if self.row is None or self.root_id is None:
            return None
        return Position(None, self.row, FileKey(self.root_id, bytes.fromhex(self.path)))

    def move_to(self, position: Position) -> None:
        assert position.key is not None, "they are listed by path"
        self.row = position.row
        self.root_id, self.path = position.key.root_id, position.key.path.hex()


_BEHIND = TypeAdapter(Behind)


@dataclass(slots=True)
class Account:
    behind: Behind = field(default_factory=Behind)
    report: Report = field(default_factory=Report)

    def count(self, number: str, more: int = 1) -> None:
        self.report.numbers[number] = self.report.numbers.get(number, 0) + more

    def refuse(self, path: str, refused: Rejected) -> None:
        self.report.add(str(refused.code), Example(path, detail=refused.detail))

    async def save(self, scope: JobScope) -> None:
        """Durable on return."""
        scope.progress.done = self.behind.done
        await scope.save(
            Checkpoint(_BEHIND.dump_python(self.behind, mode="json"), dict(self.report.json()))
        )


def account_of(checkpoint: Checkpoint) -> Account:
    kept = checkpoint.position
    behind = Behind() if kept is None else _BEHIND.validate_python(kept)
    return Account(behind, report_of(checkpoint.report))
