"""From names to files that may be opened: none before the disk knows that it is in work."""

from __future__ import annotations

from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.files.quarantine import Turn
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToRead,
    failed,
)
from ingestion_orchestration_fastapi_app.ingest.stages.grouping import grouped
from utils.contract import ErrorCode
from utils.problems import Rejected

GROUP = 32  # one transaction; all of them are suspects if the process dies
LINGER_S = 0.02
QUARANTINED = Rejected(
    ErrorCode.FILE_QUARANTINED,
    "the process died twice while this file and no other was in work",
)


async def crash_gate(
    job: JobContext, files: Receive[ToRead], out: Send[ToRead], results: Send[Result]
) -> None:
    """Lets files in by the group, and those that a crash has made suspects one by one."""
    async with files, out, results:
        async for group in grouped(files, most=GROUP, linger_s=LINGER_S):
            turns: dict[Turn, dict[UUID, ToRead]] = {turn: {} for turn in Turn}
            for file in group:
                turn = job.crash_suspects.turn(file.point_id, file.file.stat)
                turns[turn][file.point_id] = file
            for file in turns[Turn.NEVER].values():
                await results.send(failed(file, QUARANTINED))
            if together := turns[Turn.TOGETHER]:
                await job.crash_suspects.admit(_stats(together), job.until_stored)
                for file in together.values():
                    await out.send(file)
            if isolated := turns[Turn.ALONE]:
                await job.crash_suspects.admit_isolated(
                    _stats(isolated), job.until_stored, lambda one: out.send(isolated[one])
                )


def _stats(files: dict[UUID, ToRead]) -> dict[UUID, FileStat]:
    return {point_id: file.file.stat for point_id, file in files.items()}
