"""A file that may have taken a service down: sent alone, between two good pictures."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import move_on_after, sleep

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    InferenceFault,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import ToEmbed
from utils.contract import ErrorCode
from utils.problems import Rejected

STRIKES = 2
STRIKE_GAP_S = 10.0  # a bad moment may be that long, and pass
BACK_WITHIN_S = 120.0  # for a service that the file may have ended, while others are there


async def send(
    job: JobContext, endpoint: Endpoint, batch: Sequence[ToEmbed]
) -> dict[str, Embedded | Rejected]:
    """One request. Raises InferenceFault, ModelMismatch."""
    uploads = {to_embed.id: to_embed.upload for to_embed in batch}
    with job.progress.sending(), job.progress.busy("embed"):
        return await endpoint.client.embed(
            uploads, captions=job.wants_captions, fingerprint=job.fingerprint
        )


async def answer_alone(job: JobContext, to_embed: ToEmbed) -> Embedded | Rejected:
    """The file's answer; a quarantine when it failed twice between two canaries that passed.

    A canary that fails says that the moment is bad: the job waits for the service, and the file
    is tried again. Holds no slot between two tries.
    """
    path = display_text(to_embed.read_file.content.file.absolute)
    job.progress.note("file_tried_alone", path)
    strikes, last = 0, ""
    blamed: Endpoint | None = None
    while strikes < STRIKES:
        endpoint = await job.inference.acquire(alone=True, unlike=blamed)
        failed_canaries = endpoint.failed_canaries
        if not await _passes_canary(job, endpoint, to_embed):
            continue
        try:
            answers = await send(job, endpoint, [to_embed])
        except ConnectionLost as exc:
            job.inference.failed(endpoint, exc)
            blamed, last = endpoint, str(exc)
        except (InferenceFault, ModelMismatch) as exc:
            job.inference.failed(endpoint, exc)
            if isinstance(exc, BatchRefused):
                return Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))
            continue  # no answer
        else:
            job.inference.succeeded(endpoint)
            return answers[to_embed.id]
        if await _is_well_after(job, endpoint, to_embed, failed_canaries):
            strikes += 1
            if strikes < STRIKES:
                await sleep(STRIKE_GAP_S)
    return Rejected(
        ErrorCode.FILE_QUARANTINED,
        f"the inference service failed {STRIKES} times on this file alone, and embedded another "
        f"picture before and after each time: {last}",
    )


async def read_again(
    job: JobContext, to_embed: ToEmbed, answer: Embedded | Rejected
) -> Embedded | Rejected:
    """The answer; of an original that could not be read while it was sent, that of a later try."""
    first = [answer]

    async def attempt() -> Embedded | Rejected:
        return first.pop() if first else await answer_alone(job, to_embed)

    return await job.read_control.judged(to_embed.read_file.content.file, attempt)


async def _passes_canary(job: JobContext, endpoint: Endpoint, to_embed: ToEmbed) -> bool:
    """With a slot held, which is given back where it does not pass."""
    try:
        with job.progress.sending(), job.progress.busy("embed"):
            await job.inference.send_canary(endpoint, to_embed.upload)
    except (InferenceFault, ModelMismatch) as exc:
        endpoint.failed_canaries += isinstance(exc, ConnectionLost)
        job.inference.failed(endpoint, exc)
        return False
    return True


async def _is_well_after(
    job: JobContext, endpoint: Endpoint, to_embed: ToEmbed, failed_canaries: int
) -> bool:
    """Whether the service that lost the file answers the first canary after that.

    False also where it does not come back while another service can be asked.
    """
    while endpoint.failed_canaries == failed_canaries:
        with move_on_after(BACK_WITHIN_S) as waited:
            await job.inference.acquire(alone=True, only=endpoint)
        if waited.cancelled_caught:
            if job.inference.is_served(without=endpoint):
                return False
        elif endpoint.failed_canaries != failed_canaries:
            job.inference.succeeded(endpoint)  # the pool's own canary has passed since
        elif await _passes_canary(job, endpoint, to_embed):
            job.inference.succeeded(endpoint)
            return True
    return False
