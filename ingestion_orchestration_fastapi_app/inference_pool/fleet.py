"""The inference services as one job uses them: who has room, who rests, who may not be used."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from anyio import Event, current_time, move_on_at, sleep_until

from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits
from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    captions_alike,
)
from ingestion_orchestration_fastapi_app.domain.inference.retry import RetryPolicy
from ingestion_orchestration_fastapi_app.domain.inference.window import Window
from ingestion_orchestration_fastapi_app.errors import (
    BatchRefused,
    InferenceFault,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from utils.contract import Capabilities

POLICY = RetryPolicy()
ASK_AGAIN_S = 15.0  # of a service that answers, and is not what the job needs


@dataclass(slots=True, eq=False)
class Member:
    """One service. `window` is None while it is not used, and `why` says why it is not, or rests.

    `taken` are requests under way, `faults` those since it last answered a batch, and
    `rests_until_s` is by the event loop's clock.
    """

    client: Inference
    limits: BatchLimits | None = None
    window: Window | None = None
    taken: int = 0
    faults: int = 0
    rests_until_s: float = 0.0
    why: str = ""
    is_refused: bool = False

    @property
    def is_up(self) -> bool:
        return self.window is not None and self.rests_until_s <= current_time()

    @property
    def free(self) -> int:
        """Batches that it would take at once."""
        if self.window is None or not self.is_up:
            return 0
        return max(0, self.window.size - self.taken)

    def lower(self, max_images: int) -> None:
        """It takes less at once than it said."""
        assert self.limits is not None
        self.limits = self.limits.lowered(max_images)


class Fleet:
    """Hands out slots. Lives on the event loop; nothing here awaits between look and change.

    A service rests after an overload for as long as it asks, or until it answers a batch that
    was under way. One whose connection is lost is not used until it was asked again what it runs.
    """

    def __init__(
        self,
        services: Sequence[Inference],
        answers: Sequence[Capabilities | InferenceFault],
        *,
        lead: Capabilities,
        captions: bool,
        batch_images: int,
        progress: JobProgress,
    ) -> None:
        """`answers` are the services' own, in their order; `lead` is one that the job goes by."""
        self.members = [Member(one) for one in services]
        self._lead = lead
        self._captions = captions
        self._batch_images = batch_images
        self._progress = progress
        self._wanting = 0
        self._changed = Event()
        for member, answer in zip(self.members, answers, strict=True):
            if isinstance(answer, Capabilities):
                self._judge(member, answer)
            else:
                self._defer(member, answer)

    @property
    def limits(self) -> BatchLimits:
        """Where batches are cut: by what the largest service takes. Others are sent parts."""
        used = [one for one in self.members if one.window is not None] or self.members
        return max(
            (one.limits for one in used if one.limits is not None),
            key=lambda limits: (limits.max_images, limits.max_bytes),
        )

    async def room(self) -> None:
        """Until one more new batch could be sent at once, those that wait for a slot being first.

        Raises ModelMismatch, as `take`.
        """
        while sum(one.free for one in self.members) <= self._wanting:
            await self._until_changed()

    async def take(self, *, unlike: Member | None = None) -> Member:
        """A slot of the service with the most room; not of that one while another is up.

        Raises ModelMismatch: all were refused.
        """

        def free(one: Member) -> int:
            return 0 if one is unlike and self._is_served(without=one) else one.free

        self._wanting += 1
        try:
            while not free(roomiest := max(self.members, key=free)):
                await self._until_changed()
        finally:
            self._wanting -= 1
        roomiest.taken += 1
        return roomiest

    def answered(self, member: Member) -> None:
        """Gives the slot back after an answer."""
        member.taken -= 1
        if member.window is not None:
            member.window = member.window.answered()
            member.faults, member.rests_until_s, member.why = 0, 0.0, ""
        self._tell()

    def failed(self, member: Member, fault: InferenceFault | ModelMismatch) -> None:
        """Gives the slot back, and draws from the fault what is to be made of the service."""
        member.taken -= 1
        if member.window is not None:  # otherwise another batch said so first
            if isinstance(fault, ModelMismatch):
                self._refuse(member, f"{ModelMismatch.code}: {member.client.url}: {fault.detail}")
            elif isinstance(fault, Overloaded):
                member.window = member.window.overloaded()
                self._defer(member, fault)
            elif not isinstance(fault, BatchRefused):
                member.window = None
                self._defer(member, fault)
        self._tell()

    async def keep(self, member: Member) -> None:
        """Asks for the service again whenever it is not used, until cancelled."""
        while True:
            if member.window is not None:
                await self._changed.wait()
                continue
            await sleep_until(member.rests_until_s)
            try:
                told = await member.client.capabilities()
            except InferenceFault as exc:
                self._rest(member, exc)
            else:
                self._judge(member, told)
            self._tell()

    def _judge(self, member: Member, told: Capabilities) -> None:
        """Whether a service that answers may be used: it may run another model by now."""
        was_away = member.why
        member.is_refused = False
        wanted = self._lead.clip.fingerprint
        if told.clip.fingerprint != wanted:
            self._refuse(member, refusal(member.client, told, wanted=wanted))
        elif self._captions and not self._makes_captions(told):
            member.why = f"{member.client.url} does not make the captions that the job asks for"
            member.rests_until_s = current_time() + ASK_AGAIN_S
            if member.why != was_away:
                self._progress.note("ml_service_unused", member.why)
        else:
            member.window = Window.of_limit(told.queue.limit)
            member.limits = BatchLimits.of(
                told, wanted_images=self._batch_images, captions=self._captions
            )
            member.rests_until_s, member.why = 0.0, ""
            if was_away:
                self._progress.note("ml_service_back", member.client.url)

    def _makes_captions(self, told: Capabilities) -> bool:
        if len(self.members) == 1:  # also after it was started with another model for them
            return told.captions.available
        return captions_alike(self._lead, told)

    def _is_served(self, *, without: Member | None = None) -> bool:
        return any(one.is_up for one in self.members if one is not without)

    def _refuse(self, member: Member, detail: str) -> None:
        member.window = None
        member.is_refused = True
        member.why = detail
        member.rests_until_s = current_time() + ASK_AGAIN_S
        if len(self.members) > 1:  # alone it ends the job, which says so
            self._progress.warn(detail)

    def _defer(self, member: Member, fault: InferenceFault) -> None:
        wait_s = self._rest(member, fault)
        self._progress.note("embed_deferred", f"{member.why}; again in {wait_s:.1f} s")

    def _rest(self, member: Member, fault: InferenceFault) -> float:
        asked_s = fault.retry_after_s if isinstance(fault, Overloaded) else None
        wait_s = POLICY.wait_s(member.faults, asked_s=asked_s, jitter=_jitter())
        member.is_refused = False  # nobody knows what it runs
        member.faults += 1
        member.rests_until_s = max(member.rests_until_s, current_time() + wait_s)
        member.why = f"{member.client.url}: {fault}"
        return wait_s

    async def _until_changed(self) -> None:
        """Or until a rest is over."""
        if all(one.is_refused for one in self.members):
            raise ModelMismatch(self.members[0].why)
        now_s = current_time()
        rests_s = [
            one.rests_until_s
            for one in self.members
            if one.window is not None and one.rests_until_s > now_s
        ]
        with self._said(), move_on_at(min(rests_s, default=float("inf"))):
            await self._changed.wait()

    def _said(self) -> AbstractContextManager[None]:
        """The job waits for inference where no service is up; otherwise for one that works."""
        if self._is_served():
            return nullcontext()
        return self._progress.waiting(next(one.why for one in self.members if one.why))

    def _tell(self) -> None:
        self._changed.set()
        self._changed = Event()


def refusal(service: Inference, told: Capabilities, *, wanted: str | None) -> str:
    clip = told.clip
    return (
        f"{ModelMismatch.code}: {service.url} runs {clip.model} ({clip.fingerprint}) and is not "
        f"used: the collection was made by {wanted}"
    )


def _jitter() -> float:
    return random.random()  # noqa: S311  # spreads clients out; nothing secret hangs on it
