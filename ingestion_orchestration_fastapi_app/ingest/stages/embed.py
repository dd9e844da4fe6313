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
from ingestion_orchestration_fastapi_app.ingest.deduplicator import LOST
from ingestion_orchestration_fastapi_app.ingest.items import (
    Finished,
    Packed,
    Receive,
    Send,
    spoilt,
    stored,
)
from utils.contract import ErrorCode
from utils.problems import Rejected

LOSSES_BEFORE_CUT = 2  # a connection may be lost for any reason once


@dataclass(frozen=True, slots=True)
class Trial:
    """A batch that is to be sent. `losses`: connections lost on exactly these files."""

    batch: list[Packed]
    losses: int = 0

    def parts(self, member: Member) -> list[Trial]:
        """In requests that the service takes: itself, unless the service is a smaller one."""
        assert member.limits is not None
        first = member.limits.fitting(packed.upload.size_bytes for packed in self.batch)
        if first == len(self.batch):
            return [self]
        cut = self.batch[:first], self.batch[first:]
        return [_part(part, losses=self.losses) for part in cut]


async def embed(job: JobContext, batches: Receive[list[Packed]], ends: Send[Finished]) -> None:
    """Asks for a batch only when a service has room, so that batches grow meanwhile.

    Whoever waits for a new batch holds no slot: a batch that was deferred may need it, and the
    memory that would let a new batch come may be the deferred one's.
    """
    async with batches, ends, create_task_group() as keepers:
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
                senders.start_soon(_see_through, job, member, batch, ends)
        keepers.cancel_scope.cancel()


async def _see_through(
    job: JobContext, member: Member, batch: list[Packed], ends: Send[Finished]
) -> None:
    """Until every file of the batch has its end. Begins with a slot held, ends without."""
    trials = deque([Trial(batch)])
    while True:
        trial, *later = trials.popleft().parts(member)
        trials.extendleft(reversed(later))
        loser: Member | None = None  # if the fault is its own, not the batch's, another will tell
        try:
            answers = await _answers(job, member, trial.batch)
        except (InferenceFault, ModelMismatch) as exc:
            job.fleet.failed(member, exc)
            loser = member if isinstance(exc, ConnectionLost) else None
            trials.extendleft(reversed(await _after_fault(member, trial, exc, ends)))
        else:
            job.fleet.answered(member)
            for packed in trial.batch:
                answer, original = answers[packed.id], isinstance(packed.upload, Original)
                if original and isinstance(answer, Rejected) and answer.code in LOST:
                    trials.extend(_heirs(job, packed))
                    await ends.send(spoilt(packed.loaded.emptied(), answer))
                else:
                    await ends.send(_end(job, packed, answer))
        if not trials:
            return
        member = await job.fleet.take(unlike=loser)


async def _answers(
    job: JobContext, member: Member, batch: list[Packed]
) -> dict[str, Embedded | Rejected]:
    uploads = {packed.id: packed.upload for packed in batch}
    with job.tally.sending(), job.tally.busy("embed"):
        return await member.client.embed(
            uploads, captions=job.wants_captions, fingerprint=job.fingerprint
        )


async def _after_fault(
    member: Member, trial: Trial, exc: InferenceFault | ModelMismatch, ends: Send[Finished]
) -> list[Trial]:
    """What is sent next in its place, to whichever service."""
    if isinstance(exc, ConnectionLost):
        return await _after_loss(trial, ends)
    if isinstance(exc, BatchRefused):
        return await _after_refusal(member, trial, exc, ends)
    return [trial]  # nothing is wrong with it


async def _after_loss(trial: Trial, ends: Send[Finished]) -> list[Trial]:
    """Cuts a batch that was lost twice, whoever lost it, until the poison is one file."""
    losses = trial.losses + 1
    if losses < LOSSES_BEFORE_CUT:
        return [replace(trial, losses=losses)]
    if len(trial.batch) > 1:
        # A half counts as lost once: the next loss cuts it.
        return [_part(half, losses=1) for half in halves(trial.batch)]
    detail = f"the inference service was lost {losses} times while it had this file alone"
    await ends.send(_ended(trial.batch[0], Rejected(ErrorCode.FILE_QUARANTINED, detail)))
    return []


async def _after_refusal(
    member: Member, trial: Trial, exc: BatchRefused, ends: Send[Finished]
) -> list[Trial]:
    """Halves a batch that is too large, and cuts later ones by the service's new limits."""
    if len(trial.batch) == 1:
        await ends.send(_ended(trial.batch[0], Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))))
        return []
    member.lower(len(trial.batch) // 2)
    return [Trial(half) for half in halves(trial.batch)]


def _part(batch: list[Packed], *, losses: int) -> Trial:
    """A single file is tried twice alone."""
    return Trial(batch, losses=losses if len(batch) > 1 else 0)


def _heirs(job: JobContext, packed: Packed) -> list[Trial]:
    """A copy that waited for the lost file is sent in its place."""
    heir = job.in_flight.pass_on(packed.loaded.content.sha256)
    if heir is None:
        return []
    upload = Original(heir.content.file, heir.content.sha256, packed.upload.media_type)
    return [Trial([replace(packed, loaded=heir, upload=upload)])]


def _end(job: JobContext, packed: Packed, answer: Embedded | Rejected) -> Finished:
    if isinstance(answer, Rejected):
        return _ended(packed, answer)
    if answer.fault is not None:
        job.tally.warn(f"{answer.fault.code}: images are stored without a caption")
    loaded, picture = packed.loaded.emptied(), packed.picture
    if answer.likeness is not None:
        picture = answer.likeness.of(picture)
    point = point_of(
        loaded.content,
        picture,
        answer.vector,
        point_id=loaded.candidate.point_id,
        caption=answer.caption,
        fingerprint=job.fingerprint,
        job_id=job.job_id,
    )
    named = answer.caption_fingerprint
    end = stored(loaded, point, picture, Outcome.EMBEDDED, caption_fingerprint=named)
    return replace(
        end,
        claim=loaded.content.sha256,
        is_new_vector=True,
        is_new_picture=True,
        caption_fingerprint=None if answer.caption is None else named,
    )


def _ended(packed: Packed, fault: Rejected) -> Finished:
    return replace(spoilt(packed.loaded.emptied(), fault), claim=packed.loaded.content.sha256)
