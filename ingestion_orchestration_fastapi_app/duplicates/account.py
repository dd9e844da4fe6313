"""How far a search for duplicates is: the class, the image, and what was joined until there.

A position is good for the very images that it was saved with: of others the search begins anew.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from utils.contract.duplicates.options import DuplicateClass


@dataclass(slots=True)
class Position:
    """`after`: classes that are done. `place`: images of the next one that are. `joins`: int32,
    packed. `unconfirmed`: images whose pictures could not be compared.
    """

    digest: str = ""
    after: int = 0
    place: int = 0
    joins: str = ""
    unconfirmed: int = 0

    def is_before(self, kind: DuplicateClass) -> bool:
        return self.after <= list(DuplicateClass).index(kind)

    def joined(self) -> list[int]:
        raw = zlib.decompress(base64.b64decode(self.joins)) if self.joins else b""
        numbers: list[int] = np.frombuffer(raw, "<i4").tolist()
        return numbers

    def keep(self, joins: array[int]) -> None:
        raw = np.frombuffer(joins, np.intc).astype("<i4").tobytes() if joins else b""
        self.joins = base64.b64encode(zlib.compress(raw, 1)).decode()


_POSITION = TypeAdapter(Position)


def position_of(checkpoint: Checkpoint, digest: str) -> Position:
    if checkpoint.position is not None:
        position = _POSITION.validate_python(checkpoint.position)
        if position.digest == digest:
            return position
    return Position(digest)


async def save(scope: JobScope, position: Position, report: Report) -> None:
    """Durable on return."""
    kept = _POSITION.dump_python(position, mode="json")
    await scope.save(Checkpoint(kept, dict(report.json())))
