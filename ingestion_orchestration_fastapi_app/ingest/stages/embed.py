"""From batches to vectors: sent to whoever has room, again after a fault, and cut around poison."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from anyio import EndOfStream, create_task_group

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind, refusal
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits, halves
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded, Original
from ingestion_orchestration_fastapi_app.domain.library.new_points import point_of
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    InferenceFault,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.deduplicator import LOST_FILE_CODES
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToEmbed,
    failed_after_read,
    stored,
)
from ingestion_orchestration_fastapi_app.ingest.suspects.embed_control import (
    answer_alone,
    read_again,
    send,
)
from utils.contract import ErrorCode
from utils.contract.warnings import WarningCode
from utils.problems import Rejected

DISCONNECTS_BEFORE_CUT = 2  # a connection may be lost for any reason once


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch that is to be sent. `disconnects`: connections lost on exactly these files."""

    batch: list[ToEmbed]
    disconnects: int = 0

    @property
    def is_suspect(self) -> bool:
        """A single file, alone or with neighbours when a connection was lost."""
        return len(self.batch) == 1 and self.disconnects > 0

    def parts(self, limits: BatchLimits) -> list[Attempt]:
        """In requests that the service takes: itself, unless the service is a smaller one."""
        first = limits.fitting(to_embed.upload.size_bytes for to_embed in self.batch)
        if first == len(self.batch):
            return [self]
        cut = self.batch[:first], self.batch[first:]
        return [replace(self, batch=part) for part in cut]


async def embed(job: JobContext, batches: Receive[list[ToEmbed]], results: Send[Result]) -> None:
    """Asks for a batch only when a service has room, so that batches grow meanwhile.

    Whoever waits for a new batch holds no slot: a batch that was deferred may need it, and the
    memory that would let a new batch come may be the deferred one's.
    """
    async with batches, results, create_task_group() as senders:
        while True:
            await job.inference.wait_for_capacity()
            try:
                batch = await batches.receive()
            except EndOfStream:
                break
            endpoint = await job.inference.acquire()
            senders.start_soon(_until_answered, job, endpoint, batch, results)


async def _until_answered(
    job: JobContext, endpoint: Endpoint, batch: list[ToEmbed], results: Send[Result]
) -> None:
    """Until every file of the batch has its end. Begins with a slot held, ends without."""
    # What was condemned once, and is tried again, costs no neighbour this time.
    suspects = [to_embed for to_embed in batch if _was_quarantined(job, to_embed)]
    attempts = deque(Attempt([to_embed], disconnects=1) for to_embed in suspects)
    others = [to_embed for to_embed in batch if not _was_quarantined(job, to_embed)]
    if others:
        attempts.extendleft(reversed(await _sent(job, endpoint, Attempt(others), results)))
    else:
        job.inference.unused(endpoint)
    while attempts:
        attempt = attempts.popleft()
        if attempt.is_suspect:
            (to_embed,) = attempt.batch
            answer = await answer_alone(job, to_embed)
            attempts.extendleft(await _take(job, to_embed, answer, results))
        else:
            # After a loss it is sent alone: only then does the next one say something of it.
            endpoint = await job.inference.acquire(alone=attempt.disconnects > 0)
            attempts.extendleft(reversed(await _sent(job, endpoint, attempt, results)))


async def _sent(
    job: JobContext, endpoint: Endpoint, attempt: Attempt, results: Send[Result]
) -> list[Attempt]:
    """Sends what of it the service takes. Returns what is sent next, to whichever service."""
    limits = job.inference.limits_of(endpoint)
    attempt, *later = attempt.parts(limits)
    try:
        answers = await send(job, endpoint, attempt.batch)
    except (InferenceFault, ModelMismatch) as exc:
        job.inference.failed(endpoint, exc)
        return await _after_fault(job, endpoint, attempt, exc, results) + later
    job.inference.succeeded(endpoint)
    successors = [
        successor
        for to_embed in attempt.batch
        for successor in await _take(job, to_embed, answers[to_embed.id], results)
    ]
    return later + successors


async def _take(
    job: JobContext, to_embed: ToEmbed, answer: Embedded | Rejected, results: Send[Result]
) -> list[Attempt]:
    """Passes the file's end on. Returns a copy that is sent in its place, where it was lost."""
    if isinstance(to_embed.upload, Original):
        answer = await read_again(job, to_embed, answer)
        if isinstance(answer, Rejected) and answer.code in LOST_FILE_CODES:
            successors = _successors(job, to_embed)
            file = to_embed.read_file.without_bytes()
            await results.send(failed_after_read(file, answer, model=job.fingerprint))
            return successors
    await results.send(_end(job, to_embed, answer))
    return []


def _was_quarantined(job: JobContext, to_embed: ToEmbed) -> bool:
    record = to_embed.read_file.record
    refused = None if record is None else refusal(record.artefacts, job.fingerprint)
    return refused is not None and refused.code is ErrorCode.FILE_QUARANTINED


async def _after_fault(
    job: JobContext,
    endpoint: Endpoint,
    attempt: Attempt,
    exc: InferenceFault | ModelMismatch,
    results: Send[Result],
) -> list[Attempt]:
    """What is sent next in its place, to whichever service."""
    if isinstance(exc, ConnectionLost):
        return _after_loss(attempt)
    if isinstance(exc, BatchRefused):
        return await _after_refusal(job, endpoint, attempt, exc, results)
    return [attempt]  # nothing is wrong with it


def _after_loss(attempt: Attempt) -> list[Attempt]:
    """Cuts a batch that was lost twice, whoever lost it, until the suspect is one file."""
    disconnects = attempt.disconnects + 1
    if disconnects < DISCONNECTS_BEFORE_CUT or len(attempt.batch) == 1:
        return [replace(attempt, disconnects=disconnects)]
    # A half counts as lost once: the next loss cuts it.
    return [Attempt(half, disconnects=1) for half in halves(attempt.batch)]


async def _after_refusal(
    job: JobContext, endpoint: Endpoint, attempt: Attempt, exc: BatchRefused, results: Send[Result]
) -> list[Attempt]:
    """Halves a batch that is too large, and cuts later ones by what the service takes."""
    if len(attempt.batch) == 1:
        fault = Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))
        await results.send(_ended(job, attempt.batch[0], fault))
        return []
    job.inference.lower_limit(endpoint, len(attempt.batch) // 2)
    return [Attempt(half) for half in halves(attempt.batch)]


def _successors(job: JobContext, to_embed: ToEmbed) -> list[Attempt]:
    """A copy that waited for the lost file is sent in its place."""
    successor = job.deduplicator.promote(to_embed.read_file.content.picture_key)
    if successor is None:
        return []
    content, media_type = successor.content, to_embed.upload.media_type
    turn = content.metadata.sidecar_turn
    upload = Original(content.file, content.sha256, media_type, turn)
    return [Attempt([replace(to_embed, read_file=successor, upload=upload)])]


def _end(job: JobContext, to_embed: ToEmbed, answer: Embedded | Rejected) -> Result:
    if isinstance(answer, Rejected):
        return _ended(job, to_embed, answer)
    if answer.fault is not None:
        _warn_of_caption(job, answer.fault)
    loaded, picture = to_embed.read_file.without_bytes(), to_embed.picture
    if answer.developed_preview is not None:
        picture = answer.developed_preview.of(picture)
    point = point_of(
        loaded.content,
        picture,
        answer.vector,
        point_id=loaded.point_id,
        caption=answer.caption,
        fingerprint=job.fingerprint,
        job_id=job.job_id,
    )
    end = stored(loaded, point, picture, Outcome.EMBEDDED, caption=_caption(answer))
    return replace(
        end,
        owned_sha256=loaded.content.picture_key,
        is_new_vector=True,
        is_new_picture=True,
        caption_fingerprint=None if answer.caption is None else answer.caption_fingerprint,
    )


def _warn_of_caption(job: JobContext, fault: Rejected) -> None:
    """Once. Where nobody makes captions the cause is the same for all images."""
    if fault.code is ErrorCode.CAPTIONS_UNAVAILABLE:
        job.progress.warn(WarningCode.CAPTIONS_UNAVAILABLE, reason=fault.detail)
    else:
        job.progress.warn(WarningCode.CAPTION_FAILED, error=fault.code.value)


def _caption(answer: Embedded) -> Artefact | None:
    """None: none was asked for, or no captioner saw the image, which says nothing of it."""
    model = answer.caption_fingerprint
    if model is None:
        return None
    if answer.caption is not None:
        return artefacts.stored(Kind.CAPTION, model)
    return None if answer.fault is None else artefacts.caption_failed(answer.fault, model=model)


def _ended(job: JobContext, to_embed: ToEmbed, fault: Rejected) -> Result:
    file = to_embed.read_file.without_bytes()
    end = failed_after_read(file, fault, model=job.fingerprint)
    return replace(end, owned_sha256=to_embed.read_file.content.picture_key)
