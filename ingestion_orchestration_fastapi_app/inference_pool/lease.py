"""The inference services as one job uses them: where batches are cut, and slots to send them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum, auto
from typing import Protocol

from anyio import current_time

from ingestion_orchestration_fastapi_app.domain.inference.batching import BatchLimits
from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    captions_alike,
)
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Sendable
from ingestion_orchestration_fastapi_app.errors import (
    CaptionsUnavailable,
    InferenceFault,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.inference_pool.canary import caption_canary, send_canary
from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.slots import Share, Ticket
from utils.contract import Capabilities, ErrorCode
from utils.contract.warnings import WarningDetail


class JobNotes(Protocol):
    """Where a job is told of the services."""

    def note(self, event: str, detail: str = "") -> None: ...
    def warn_of(self, warning: WarningDetail) -> None: ...
    def waiting(self, reason: str, code: ErrorCode | None = None) -> AbstractContextManager[None]:
        """While it waits because no service can be used."""


class _Use(Enum):
    """Of a service, for this job."""

    USED = auto()
    AWAY = auto()
    OTHER_MODEL = auto()
    OTHER_CAPTIONS = auto()


class InferenceLease:
    """What one job has of the pool, for one model. Other jobs have their part of the same slots."""

    def __init__(
        self,
        pool: InferencePool,
        *,
        reference: Capabilities,
        captions: bool,
        batch_images: int,
        notes: JobNotes,
        captions_alone: bool = False,
    ) -> None:
        """`reference`: what the job plans with, its model as the default one. `captions_alone`: no
        vector is wanted, so that a service without captions is of no use.
        """
        self._pool = pool
        self._reference = reference
        self._captions = captions
        self._captions_alone = captions_alone
        self._batch_images = batch_images
        self._notes = notes
        self._share = Share(self._may_use)
        self._noted = dict.fromkeys(pool.endpoints, _Use.USED)

    @property
    def fingerprint(self) -> str:
        return self._reference.clip.fingerprint

    @contextmanager
    def opened(self) -> Iterator[InferenceLease]:
        """Takes part in the pool inside."""
        self._pool.slots.join(self._share)
        self._pool.listen(self._note_changes)
        try:
            self._note_changes()
            yield self
        finally:
            self._pool.unlisten(self._note_changes)
            self._pool.slots.leave(self._share)
            self._pool.notify()

    @property
    def limits(self) -> BatchLimits:
        """Where batches are cut: by what the largest service takes. Others are sent parts."""
        used = [one for one in self._pool.endpoints if self._use(one) is _Use.USED]
        return max(
            (self.limits_of(one) for one in used),
            key=lambda limits: (limits.max_images, limits.max_bytes),
            default=self._limits_of(self._reference),
        )

    def limits_of(self, endpoint: Endpoint) -> BatchLimits:
        """What one request to the service carries."""
        told = endpoint.capabilities_for(self.fingerprint) or self._reference
        limits = self._limits_of(told)
        return limits.lowered(endpoint.max_images.get(self.fingerprint, limits.max_images))

    def lower_limit(self, endpoint: Endpoint, max_images: int) -> None:
        """It refused more than it says that it takes."""
        endpoint.max_images[self.fingerprint] = max(1, max_images)

    async def wait_for_capacity(self) -> None:
        """Until a new batch could be sent at once, those that wait for a slot being first.

        Raises ModelMismatch, as `acquire`.
        """
        while not self._pool.slots.has_capacity(self._share, self._pool.endpoints):
            await self._until_changed()

    async def acquire(
        self, *, alone: bool = False, only: Endpoint | None = None, unlike: Endpoint | None = None
    ) -> Endpoint:
        """A slot of the service with the most room.

        It is given back by `succeeded`, `failed` or `unused`.

        `alone`: it is sent nothing else meanwhile. `only`: a slot of that service. `unlike`: of
        another one if any is up. Raises ModelMismatch: no service holds the model any more;
        CaptionsUnavailable: captions alone are wanted, and all say that they make none.
        """
        ticket = Ticket(self._share, alone=alone, only=only, unlike=unlike)
        slots, endpoints = self._pool.slots, self._pool.endpoints
        slots.enter(ticket)
        try:
            while (endpoint := slots.granted(ticket, endpoints)) is None:
                await self._until_changed()
            return endpoint
        finally:
            slots.withdraw(ticket, endpoints)
            self._pool.notify()

    def unused(self, endpoint: Endpoint) -> None:
        """Gives the slot back: there was nothing to send."""
        self._pool.slots.give_back(self._share, endpoint)
        self._pool.notify()

    def succeeded(self, endpoint: Endpoint) -> None:
        """Gives the slot back after an answer."""
        self._pool.slots.give_back(self._share, endpoint)
        self._pool.report_answer(endpoint)

    def failed(self, endpoint: Endpoint, fault: InferenceFault | ModelMismatch) -> None:
        """Gives the slot back, and tells the pool why there was no answer."""
        self._pool.slots.give_back(self._share, endpoint)
        was_away = endpoint.fault is not None
        self._pool.report_fault(endpoint, fault, fingerprint=self.fingerprint)
        if isinstance(fault, Overloaded) and not was_away:
            self._note_deferred(endpoint, str(fault))

    def is_served(self, *, without: Endpoint) -> bool:
        """Whether another service could be sent something now."""
        return any(one is not without and not self._why(one) for one in self._pool.endpoints)

    async def send_canary(self, endpoint: Endpoint, like: Sendable) -> None:
        """Sends a good picture the way of `like`, in a slot that is held. Raises as `embed`."""
        told = endpoint.capabilities_for(self.fingerprint) or self._reference
        if self._captions_alone:
            await caption_canary(endpoint.client, told)
            return
        await send_canary(endpoint.client, told, like=like, captions=self._captions)

    def _limits_of(self, told: Capabilities) -> BatchLimits:
        return BatchLimits.of(told, wanted_images=self._batch_images, captions=self._captions)

    def _may_use(self, endpoint: Endpoint) -> bool:
        is_ready = endpoint.ready_at_s(self.fingerprint) <= current_time()
        return is_ready and self._use(endpoint) is _Use.USED

    def _use(self, endpoint: Endpoint) -> _Use:
        if endpoint.fault is not None or endpoint.capabilities is None:
            return _Use.AWAY
        told = endpoint.capabilities_for(self.fingerprint)
        if told is None:
            may_come = endpoint.may_come(self.fingerprint)
            return _Use.AWAY if may_come else _Use.OTHER_MODEL
        if self._captions and not self._makes_captions(told):
            return _Use.OTHER_CAPTIONS
        return _Use.USED

    def _makes_captions(self, told: Capabilities) -> bool:
        if len(self._pool.endpoints) == 1:  # also after a restart with another model for them
            return told.captions.available
        return captions_alike(self._reference, told)

    def _why(self, endpoint: Endpoint) -> str:
        """It is not sent anything now."""
        match self._use(endpoint):
            case _Use.OTHER_MODEL:
                return endpoint.refusal(self.fingerprint).detail
            case _Use.OTHER_CAPTIONS:
                return f"{endpoint.url} does not make the captions that the job asks for"
            case _Use.AWAY:
                return f"{endpoint.url}: {_why_away(endpoint)}"
            case _Use.USED:
                now_s = current_time()
                if endpoint.cooldown_until_s > now_s:
                    return f"{endpoint.url}: {endpoint.cooldown_reason}"
                is_loading = endpoint.ready_at_s(self.fingerprint) > now_s
                return f"{endpoint.url}: the model is being loaded" if is_loading else ""

    async def _until_changed(self) -> None:
        """Or until a service has cooled down."""
        endpoints, now_s = self._pool.endpoints, current_time()
        if all(self._use(one) is _Use.OTHER_MODEL for one in endpoints):
            raise ModelMismatch(self._why(endpoints[0]))
        if self._captions_alone and (why := self._why_no_captions()) is not None:
            raise CaptionsUnavailable(why)
        ready_s = [
            ready_s
            for one in endpoints
            if self._use(one) is _Use.USED and (ready_s := one.ready_at_s(self.fingerprint)) > now_s
        ]
        with self._waiting():
            await self._pool.until_changed(until_s=min(ready_s, default=float("inf")))

    def _why_no_captions(self) -> str | None:
        """None: some service makes them, or may when it is back."""
        uses = {one: self._use(one) for one in self._pool.endpoints}
        without = [one for one, use in uses.items() if use is _Use.OTHER_CAPTIONS]
        if not without or any(use in (_Use.USED, _Use.AWAY) for use in uses.values()):
            return None
        told = without[0].capabilities
        cause = None if told is None else told.captions.detail
        return f"{without[0].url}: {cause}" if cause else self._why(without[0])

    def _waiting(self) -> AbstractContextManager[None]:
        """The job waits for inference where no service is up; otherwise for one that works."""
        whys = [self._why(one) for one in self._pool.endpoints]
        if not all(whys):
            return nullcontext()
        return self._notes.waiting(whys[0], ErrorCode.ML_UNAVAILABLE)

    def _note_changes(self) -> None:
        for endpoint in self._pool.endpoints:
            use = self._use(endpoint)
            if use is self._noted[endpoint]:
                continue
            self._noted[endpoint] = use
            match use:
                case _Use.USED:
                    self._notes.note("ml_service_back", endpoint.url)
                case _Use.AWAY:
                    self._note_deferred(endpoint, _why_away(endpoint))
                case _Use.OTHER_CAPTIONS:
                    self._notes.note("ml_service_unused", self._why(endpoint))
                case _Use.OTHER_MODEL if len(self._pool.endpoints) > 1:
                    self._notes.warn_of(endpoint.refusal(self.fingerprint))

    def _note_deferred(self, endpoint: Endpoint, reason: str) -> None:
        wait_s = max(0.0, endpoint.ready_at_s(self.fingerprint) - current_time())
        self._notes.note("embed_deferred", f"{endpoint.url}: {reason}; again in {wait_s:.1f} s")


def _why_away(endpoint: Endpoint) -> str:
    if endpoint.fault is not None:
        return endpoint.fault
    return "it was not asked yet" if endpoint.capabilities is None else "it still loads models"
