"""From names to files that may be opened: none before the disk knows that it is in work."""

from __future__ import annotations

from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.change_detection import is_tried_alone
from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DIED_ALONE, Turn
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToRead,
    failed,
)
from ingestion_orchestration_fastapi_app.resources.grouping import grouped
from utils.contract import ErrorCode
from utils.problems import Rejected

GROUP = 32  # one transaction; all of them are suspects if the process dies
LINGER_S = 0.02
QUARANTINED = Rejected(ErrorCode.FILE_QUARANTINED, DIED_ALONE)


async def crash_gate(
    job: JobContext, files: Receive[ToRead], out: Send[ToRead], results: Send[Result]
) -> None:
    """Lets files in by the group, and one by one those that are suspected of a crash.

    So are those that failed for their time or their decoder's end, and that are tried again.
    """
    async with files, out, results:
        async for group in grouped(files, most=GROUP, linger_s=LINGER_S):
            turns: dict[Turn, dict[UUID, ToRead]] = {turn: {} for turn in Turn}
            for file in group:
                turns[_turn(job, file)][file.point_id] = file
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


def _turn(job: JobContext, file: ToRead) -> Turn:
    turn = job.crash_suspects.turn(file.point_id, file.file.stat)
    # Whoever asks for files in spite of what is known gives them a clean record.
    is_asked_for = job.options.force or job.request.retry_of is not None
    if turn is not Turn.TOGETHER or is_asked_for:
        return turn
    is_alone = is_tried_alone(file.file, file.record, job.fingerprint)
    return Turn.ALONE if is_alone else turn


def _stats(files: dict[UUID, ToRead]) -> dict[UUID, FileStat]:
    return {point_id: file.file.stat for point_id, file in files.items()}
