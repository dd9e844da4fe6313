"""Which file took the process down: judged from decodings that began and never ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat

ALONE_DEATHS = 2  # once may be a kill that hit an innocent file's moment alone
# What a failure's detail says of such a file: no control vouches for the process's own death, so
# it is not tried again by itself.
DIED_ALONE = "the process died twice while this file and no other was in work"


@dataclass(frozen=True, slots=True)
class DecodeStart:
    """A file that was let in to be read and decoded.

    `alone`: how often it was in with no other one and without an end, this time included; 0: it is
    in company.
    """

    point_id: UUID
    version: str
    alone: int = 0


class Turn(StrEnum):
    """How a file is let in."""

    TOGETHER = "together"
    ALONE = "alone"
    NEVER = "never"  # it goes into quarantine


def version_of(stat: FileStat) -> str:
    """Says which bytes a start was of: others are under no suspicion."""
    return f"{stat.size_bytes}-{stat.mtime_ns}"


def turn(stat: FileStat, lost: DecodeStart | None) -> Turn:
    """`lost`: what is left of an earlier start of the file, the process having died since.

    In company that is a suspicion, and the file is tried alone. What dies alone twice is guilty.
    """
    if lost is None or lost.version != version_of(stat):
        return Turn.TOGETHER
    return Turn.NEVER if lost.alone >= ALONE_DEATHS else Turn.ALONE
