"""A captioner at an endpoint of others: picture by picture, and none is blamed for the moment."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from anyio import CapacityLimiter, Lock, current_time, sleep, sleep_until, to_thread

from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from ingestion_orchestration_fastapi_app.domain.inference.retry_policy import RetryPolicy
from ingestion_orchestration_fastapi_app.errors import CaptionsUnavailable
from ingestion_orchestration_fastapi_app.ports.captioner import (
    CaptionEndpoint,
    CaptionerBusy,
    CaptionerFault,
    CaptionNotes,
    EndpointFault,
    OpenCaptioner,
    SmallJpeg,
    WholePicture,
)
from utils.contract import ErrorCode
from utils.problems import Rejected

log = structlog.get_logger(__name__)

ENDPOINT = "endpoint"
POLICY = RetryPolicy(base_s=1.0, max_s=60.0, asked_max_s=3600.0)
STRIKES = 2  # of one picture, each between two that were answered
STRIKE_GAP_S = 10.0  # a bad moment may be that long, and pass
LEAST_REST_S = 1.0  # an endpoint that is full may ask for none
CONTROL_SIDE_PX = 256  # smaller ones are refused by some models


@dataclass(frozen=True, slots=True)
class EndpointCaptioner:
    """Implements `CaptionerPort`. `control` is a good picture, by which a bad moment, or a setting
    that is wrong, is told from a bad picture.
    """

    endpoint: CaptionEndpoint
    captioner: Captioner
    small_jpeg: SmallJpeg
    control: bytes
    side_px: int
    at_once: int
    name: str = ENDPOINT
    policy: RetryPolicy = POLICY

    @asynccontextmanager
    async def opened(self, notes: CaptionNotes) -> AsyncIterator[OpenCaptioner]:
        """Says where pictures go. What is wrong from the start is said at once."""
        log.info("pictures_leave", recipient=self.captioner.recipient, model=self.captioner.model)
        moment = _Moment(self, notes)
        try:
            await moment.until_answered()
        except CaptionerFault as exc:
            raise CaptionsUnavailable(f"{self.captioner.recipient}: {exc}") from exc
        yield _Opened(self, notes, moment, CapacityLimiter(self.at_once))


class _Moment:
    """Whether the endpoint answers: one task asks for all."""

    def __init__(self, way: EndpointCaptioner, notes: CaptionNotes) -> None:
        self._way, self._notes = way, notes
        self._lock = Lock()
        self._answered_s = float("-inf")
        self._rests_until_s = float("-inf")

    def rest(self, wait_s: float) -> None:
        """It asked for that."""
        self._rests_until_s = max(self._rests_until_s, current_time() + wait_s)

    async def until_rested(self) -> None:
        while self._rests_until_s > current_time():
            wait_s = self._rests_until_s - current_time()
            with self._waiting(f"it asked for {wait_s:.0f} s"):
                await sleep_until(self._rests_until_s)

    async def until_answered(self) -> None:
        """Raises CaptionerFault where it answers the good picture otherwise than a captioner."""
        await self.until_well(current_time(), raises=True)

    async def until_well(
        self, fell_s: float, *, first: EndpointFault | None = None, raises: bool = False
    ) -> None:
        """Until it has answered a good picture that was sent after `fell_s`."""
        attempt, fault = 0, first
        async with self._lock:
            while self._answered_s < fell_s:
                if fault is not None:
                    asked_s = fault.retry_after_s if isinstance(fault, CaptionerBusy) else None
                    jitter = random.random()  # noqa: S311  # no secret
                    wait_s = self._way.policy.wait_s(attempt, asked_s=asked_s, jitter=jitter)
                    attempt += 1
                    with self._waiting(str(fault)):
                        await sleep(wait_s)
                sent_s = current_time()
                try:
                    await self._way.endpoint.caption(self._way.control)
                except EndpointFault as exc:
                    if raises and isinstance(exc, CaptionerFault):
                        raise
                    fault = exc
                else:
                    self._answered_s = sent_s

    def _waiting(self, reason: str) -> AbstractContextManager[None]:
        text = f"{self._way.captioner.recipient}: {reason}"
        return self._notes.waiting(text, ErrorCode.CAPTIONER)


@dataclass(frozen=True, slots=True)
class _Opened:
    """Implements `OpenCaptioner`."""

    way: EndpointCaptioner
    notes: CaptionNotes
    moment: _Moment
    threads: CapacityLimiter
    batch_images: int = field(default=1, init=False)

    @property
    def captioner(self) -> Captioner:
        return self.way.captioner

    @property
    def side_px(self) -> int:
        return self.way.side_px

    @property
    def at_once(self) -> int:
        return self.way.at_once

    async def captions(self, pictures: Mapping[str, WholePicture]) -> dict[str, str | Rejected]:
        return {key: await self._caption(one) for key, one in pictures.items()}

    async def _caption(self, picture: WholePicture) -> str | Rejected:
        """Whatever the picture gives, but a fault, is its answer. It is the picture only if it
        fails twice, and a good one is answered after each time.
        """
        make = partial(self.way.small_jpeg, picture.data, side_px=self.side_px)
        try:
            jpeg = await to_thread.run_sync(make, limiter=self.threads)
        except (OSError, ValueError):
            return Rejected(ErrorCode.DECODING_IMAGE, "the cached picture cannot be read")
        strikes = 0
        while True:
            await self.moment.until_rested()
            sent_s = current_time()
            try:
                with self.notes.sending():
                    return await self.way.endpoint.caption(jpeg)
            except EndpointFault as exc:
                fault = exc
            if isinstance(fault, CaptionerBusy) and not fault.is_answer:
                if fault.retry_after_s is not None:
                    self.moment.rest(max(fault.retry_after_s, LEAST_REST_S))
                    continue
                await self.moment.until_well(sent_s, first=fault)
                continue
            await self.moment.until_well(sent_s)
            strikes += 1
            if strikes == STRIKES:
                return Rejected(
                    ErrorCode.CAPTIONER,
                    f"the captioner failed {STRIKES} times on this picture, and answered another "
                    f"one after each time: {fault}",
                )
            await sleep(STRIKE_GAP_S)
