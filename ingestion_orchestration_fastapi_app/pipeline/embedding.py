"""From batches to vectors: a window of requests, waits outside it, and bisection of poison."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from anyio import EndOfStream, Event, sleep

from ingestion_orchestration_fastapi_app.core.batching import halves
from ingestion_orchestration_fastapi_app.core.files import Outcome
from ingestion_orchestration_fastapi_app.core.points import point_of
from ingestion_orchestration_fastapi_app.core.records import Embedded, Original
from ingestion_orchestration_fastapi_app.core.retry import RetryPolicy
from ingestion_orchestration_fastapi_app.core.window import Window
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    ConnectionLost,
    Overloaded,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.pipeline.context import JobContext
from ingestion_orchestration_fastapi_app.pipeline.in_flight import LOST
from ingestion_orchestration_fastapi_app.pipeline.items import (
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
POLICY = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Trial:
    """A batch that is to be sent. `losses`: connections lost on exactly these files."""

    batch: list[Packed]
    losses: int = 0


class Slots:
    """The window's slots, shared by a job's senders.

    A sender that waits for a new batch holds no slot: a batch that was deferred may need it, and
    the memory that would let a new batch come may be the deferred one's.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._taken = 0
        self._expecting = 0
        self._changed = Event()

    @property
    def window(self) -> Window:
        return self._window

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Counts as taken for other senders that would wait for a new batch."""
        self._expecting += 1
        try:
            yield
        finally:
            self._expecting -= 1
            self._tell()

    async def room(self) -> None:
        """Until one more new batch could be sent at once."""
        while self._taken + self._expecting >= self._window.size:
            await self._changed.wait()

    async def take(self) -> None:
        while self._taken >= self._window.size:
            await self._changed.wait()
        self._taken += 1

    def give_back(self, window: Window | None = None) -> None:
        self._taken -= 1
        self._window = window or self._window
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = Event()


async def embed(
    job: JobContext, slots: Slots, batches: Receive[list[Packed]], ends: Send[Finished]
) -> None:
    """One sender. It asks for a batch only when there is room, so that batches grow meanwhile."""
    async with batches, ends:
        while True:
            await slots.room()
            with slots.expecting():
                try:
                    batch = await batches.receive()
                except EndOfStream:
                    return
                await slots.take()
            await _see_through(job, slots, batch, ends)


async def _see_through(
    job: JobContext, slots: Slots, batch: list[Packed], ends: Send[Finished]
) -> None:
    """Until every file of the batch has its end. Begins with a slot held, ends without."""
    trials = deque([Trial(batch)])
    attempt = 0
    while trials:
        trial = trials.popleft()
        wait_s = 0.0
        reason = ""
        try:
            answers = await _answers(job, trial.batch)
        except Overloaded as exc:
            slots.give_back(slots.window.overloaded())
            trials.appendleft(trial)
            wait_s = POLICY.wait_s(attempt, asked_s=exc.retry_after_s, jitter=_jitter())
            reason = str(exc)
        except (Unreachable, ConnectionLost) as exc:
            slots.give_back()
            if isinstance(exc, ConnectionLost):
                trials.extendleft(reversed(await _after_loss(trial, ends)))
            else:
                trials.appendleft(trial)
            wait_s = POLICY.wait_s(attempt, asked_s=None, jitter=_jitter())
            reason = str(exc)
        except BatchRefused as exc:
            slots.give_back()
            trials.extendleft(reversed(await _after_refusal(job, trial, exc, ends)))
        else:
            slots.give_back(slots.window.answered())
            attempt = 0
            for packed in trial.batch:
                answer, original = answers[packed.id], isinstance(packed.upload, Original)
                if original and isinstance(answer, Rejected) and answer.code in LOST:
                    trials.extend(_heirs(job, packed))
                    await ends.send(spoilt(packed.loaded.emptied(), answer))
                else:
                    await ends.send(_end(job, packed, answer))
        if wait_s:
            attempt += 1
            job.tally.note("embed_deferred", f"{reason}; again in {wait_s:.1f} s")
            with job.tally.waiting(reason):
                await sleep(wait_s)  # outside the slot: a waiting batch holds no capacity
        if trials:
            await slots.take()


async def _answers(job: JobContext, batch: list[Packed]) -> dict[str, Embedded | Rejected]:
    uploads = {packed.id: packed.upload for packed in batch}
    with job.tally.sending(), job.tally.busy("embed"):
        return await job.ports.inference.embed(
            uploads, captions=job.wants_captions, fingerprint=job.fingerprint
        )


async def _after_loss(trial: Trial, ends: Send[Finished]) -> list[Trial]:
    """Cuts a batch that was lost twice, until the poison is one file."""
    losses = trial.losses + 1
    if losses < LOSSES_BEFORE_CUT:
        return [replace(trial, losses=losses)]
    if len(trial.batch) > 1:
        # A half counts as lost once: the next loss cuts it. A single file is tried twice alone.
        return [Trial(half, losses=1 if len(half) > 1 else 0) for half in halves(trial.batch)]
    detail = f"the inference service was lost {losses} times while it had this file alone"
    await ends.send(_ended(trial.batch[0], Rejected(ErrorCode.FILE_QUARANTINED, detail)))
    return []


async def _after_refusal(
    job: JobContext, trial: Trial, exc: BatchRefused, ends: Send[Finished]
) -> list[Trial]:
    """Halves a batch that is too large, and cuts later ones by the service's new limits."""
    if len(trial.batch) == 1:
        await ends.send(_ended(trial.batch[0], Rejected(ErrorCode.BATCH_TOO_LARGE, str(exc))))
        return []
    job.limits.lower(len(trial.batch) // 2)
    return [Trial(half) for half in halves(trial.batch)]


def _jitter() -> float:
    return random.random()  # noqa: S311  # spreads clients out; nothing secret hangs on it


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
    loaded = packed.loaded.emptied()
    point = point_of(
        loaded.content,
        packed.picture,
        answer.vector,
        point_id=loaded.candidate.point_id,
        caption=answer.caption,
        fingerprint=job.fingerprint,
        job_id=job.job_id,
    )
    named = answer.caption_fingerprint
    end = stored(loaded, point, packed.picture, Outcome.EMBEDDED, caption_fingerprint=named)
    return replace(
        end,
        claim=loaded.content.sha256,
        is_new_vector=True,
        is_new_picture=True,
        caption_fingerprint=None if answer.caption is None else named,
    )


def _ended(packed: Packed, fault: Rejected) -> Finished:
    return replace(spoilt(packed.loaded.emptied(), fault), claim=packed.loaded.content.sha256)
