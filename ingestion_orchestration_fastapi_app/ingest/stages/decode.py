"""From bytes to an upload, by one decode a file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Prepared, Upload
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.deduplicator import LOST_FILE_CODES
from ingestion_orchestration_fastapi_app.ingest.items import (
    ReadFile,
    Receive,
    Result,
    Send,
    ToEmbed,
    failed_after_read,
)
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import cached, caption_artefact
from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

RETRY_DECODERS_S = 5.0


async def decode(
    job: JobContext, files: Receive[ReadFile], out: Send[ToEmbed], results: Send[Result]
) -> None:
    """Decodes one file at a time for each worker."""
    async with files, out, results:
        async for file in files:
            turn: ReadFile | None = file
            while turn is not None:
                turn = await _decode(job, turn, out, results)
            job.crash_suspects.release(file.point_id)


async def _decode(
    job: JobContext, file: ReadFile, out: Send[ToEmbed], results: Send[Result]
) -> ReadFile | None:
    """Returns the copy that takes the place of a file that was lost meanwhile."""
    sha256 = file.content.picture_key
    prepared = await job.read_control.judged(
        file.content.file, partial(_prepared, job, file.content)
    )
    job.crash_suspects.decoded(file.point_id)
    if isinstance(prepared, Rejected) and prepared.code in LOST_FILE_CODES:
        successor = job.deduplicator.promote(sha256)
        await results.send(_refused(job, file, prepared))
        if successor is None:
            return None
        return replace(successor, vector=file.vector, caption=file.caption)
    if isinstance(prepared, Rejected):
        result = _refused(job, file, prepared)
        await results.send(replace(result, owned_sha256=sha256))
    elif file.vector is not None and isinstance(prepared.upload, Upload):
        # Of an original only the service can make the picture, which takes as long as a vector.
        said, made = file.caption, caption_artefact(job, file.caption)
        result = cached(
            job, file.without_bytes(), prepared.picture, file.vector, caption=said, artefact=made
        )
        await results.send(replace(result, owned_sha256=sha256, is_new_picture=True))
    else:
        emptied = file.without_bytes(held_bytes=prepared.upload.held_bytes)
        await out.send(ToEmbed(emptied, prepared.picture, prepared.upload))
    return None


def _refused(job: JobContext, file: ReadFile, fault: Rejected) -> Result:
    return failed_after_read(file.without_bytes(), fault, model=job.fingerprint)


async def _prepared(job: JobContext, content: Content) -> Prepared | Rejected:
    """Waits for as long as decoders fail with good files, too: that is no file's fault."""
    while True:
        with job.progress.busy("decode"):
            try:
                return await job.until_stored(
                    partial(
                        job.ports.preparation.prepare,
                        content,
                        job.capabilities.upload.clip,
                        whole_side_px=job.whole_side_px,
                    )
                )
            except DecodersDownError as exc:
                reason = str(exc)
        with job.progress.blocked(ErrorCode.DECODERS, reason):
            await sleep(RETRY_DECODERS_S)
