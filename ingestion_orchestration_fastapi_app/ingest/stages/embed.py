"""From batches to vectors: sent to whoever has room, again after a fault, and cut around poison."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from anyio import EndOfStream, create_task_group

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.inference.batching import halves
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded, Original
from ingestion_orchestration_fastapi_app.domain.library.new_points import point_of
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    InferenceFault,
    ModelMismatch,
)
from ingestion_orchestration_fastapi_app.inference_pool.fleet import Member
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
from utils.contract import ErrorCode
from utils.problems import Rejected

DISCONNECTS_BEFORE_CUT = 2  # a connection may be lost for any reason once


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch that is to be sent. `disconnects`: connections lost on exactly these files."""

    batch: list[ToEmbed]
    disconnects: int = 0

    def parts(self, member: Member) -> list[Attempt]:
        """In requests that the service takes: itself, unless the service is a smaller one."""
        assert member.limits is not None
        first = member.limits.fitting(packed.upload.size_bytes for packed in self.batch)
        if first == len(self.batch):
            return [self]
        cut = self.batch[:first], self.batch[first:]
        return [_part(part, disconnects=self.disconnects) for part in cut]


async def embed(job: JobContext, batches: Receive[list[ToEmbed]], results: Send[Result]) -> None:
    """Asks for a batch only when a service has room, so that batches grow meanwhile.

    Whoever waits for a new batch holds no slot: a batch that was deferred may need it, and the
    memory that would let a new batch come may be the deferred one's.
    """
    async with batches, results, create_task_group() as keepers:
        for member in job.fleet.members:
            keepers.start_soon(job.fleet.keep, member)
        async with create_task_group() as senders:
            while True:
                await job.fleet.room()
                try:
                    batch = await batches.receive()
                except EndOfStream:
                    break
                member = await job.fleet.take()
                senders.start_soon(_see_through, job, member, batch, results)
        keepers.cancel_scope.cancel()


async def _see_through(
    job: JobContext, member: Member, batch: list[ToEmbed], results: Send[Result]
) -> None:
    """Until every file of the batch has its end. Begins with a slot held, ends without."""
    attempts = deque([Attempt(batch)])
    while True:
        attempt, *later = attempts.popleft().parts(member)
        attempts.extendleft(reversed(later))
        loser: Member | None = None  # if the fault is its own, not the batch's, another will tell
        try:
            answers = await _answers(job, member, attempt.batch)
        except (InferenceFault, ModelMismatch) as exc:
            job.fleet.failed(member, exc)
            loser = member if isinstance(exc, ConnectionLost) else None
            attempts.extendleft(reversed(await _after_fault(member, attempt, exc, results)))
        else:
            job.fleet.answered(member)
            for packed in attempt.batch:
                answer, original = answers[packed.id], isinstance(packed.upload, Original)
                if original and isinstance(answer, Rejected) and answer.code in LOST_FILE_CODES:
                    attempts.extend(_successors(job, packed))
                    await results.send(failed_after_read(packed.read_file.without_bytes(), answer))
                else:
                    await results.send(_end(job, packed, answer))
        if not attempts:
            return
        member = await job.fleet.take(unlike=loser)


async def _answers(
    job: JobContext, member: Member, batch: list[ToEmbed]
) -> dict[str, Embedded | Rejected]:
    uploads = {packed.id: packed.upload for packed in batch}
    with job.progress.sending(), job.progress.busy("embed"):
        return await member.client.embed(
            uploads, captions=job.wants_captions, fingerprint=job.fingerprint
        )


async def _after_fault(
    member: Member, attempt: Attempt, exc: InferenceFault | ModelMismatch, results: Send[Result]
) -> list[Attempt]:
    """What is sent next in its place, to whichever service."""
    if isinstance(exc, ConnectionLost):
        return await _after_loss(attempt, results)
    if isinstance(exc, BatchRefused):
        return await _after_refusal(member, attempt, exc, results)
    return [attempt]  # nothing is wrong with it


async def _after_loss(attempt: Attempt, results: Send[Result]) -> list[Attempt]:
    """Cuts a batch that was lost twice, whoever lost it, until the poison is one file."""
    disconnects = attempt.disconnects + 1
    if disconnects < DISCONNECTS_BEFORE_CUT:
        return [replace(attempt, disconnects=disconnects)]
    if len(attempt.batch) > 1:
        # A half counts as lost once: the next loss cuts it.
        return [_part(half, disconnects=1) for half in halves(attempt.batch)]
    detail = f"the inference service was lost {disconnects} times while it had this file alone"
    await results.send(_ended(attempt.batch[0], Rejected(ErrorCode.FILE_QUARANTINED, detail)))
    return []


async def _after_refusal(
    member: Member, attempt: Attempt, exc: BatchRefused, results: Send[Result]
) -> list[Attempt]:
    """Halves a batch that is too large, and cuts later ones by the service's new limits."""
    if len(attempt.batch) == 1:
        await results.send(_ended(attempt.batch[0], Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))))
        return []
    member.lower(len(attempt.batch) // 2)
    return [Attempt(half) for half in halves(attempt.batch)]


def _part(batch: list[ToEmbed], *, disconnects: int) -> Attempt:
    """A single file is tried twice alone."""
    return Attempt(batch, disconnects=disconnects if len(batch) > 1 else 0)


def _successors(job: JobContext, packed: ToEmbed) -> list[Attempt]:
    """A copy that waited for the lost file is sent in its place."""
    successor = job.deduplicator.promote(packed.read_file.content.sha256)
    if successor is None:
        return []
    upload = Original(successor.content.file, successor.content.sha256, packed.upload.media_type)
    return [Attempt([replace(packed, read_file=successor, upload=upload)])]


def _end(job: JobContext, packed: ToEmbed, answer: Embedded | Rejected) -> Result:
    if isinstance(answer, Rejected):
        return _ended(packed, answer)
    if answer.fault is not None:
        job.progress.warn(f"{answer.fault.code}: images are stored without a caption")
    loaded, picture = packed.read_file.without_bytes(), packed.picture
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
    named = answer.caption_fingerprint
    end = stored(loaded, point, picture, Outcome.EMBEDDED, caption_fingerprint=named)
    return replace(
        end,
        owned_sha256=loaded.content.sha256,
        is_new_vector=True,
        is_new_picture=True,
        caption_fingerprint=None if answer.caption is None else named,
    )


def _ended(packed: ToEmbed, fault: Rejected) -> Result:
    return replace(
        failed_after_read(packed.read_file.without_bytes(), fault),
        owned_sha256=packed.read_file.content.sha256,
    )
