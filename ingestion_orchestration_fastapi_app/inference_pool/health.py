"""What the inference services last said of themselves, asked again when that is old."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from anyio import Lock, create_task_group

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import lead
from ingestion_orchestration_fastapi_app.errors import InferenceFault
from ingestion_orchestration_fastapi_app.ports.inference import Inference
from utils.contract import Capabilities

MAX_AGE_S = 5.0
MAX_FAULT_AGE_S = 0.5  # a service that has just come up is seen at once


async def ask_all(services: Sequence[Inference]) -> list[Capabilities | InferenceFault]:
    """What each says of itself, or why it does not, in their order; all are asked at once."""
    answers: dict[int, Capabilities | InferenceFault] = {}

    async def ask(place: int) -> None:
        try:
            answers[place] = await services[place].capabilities()
        except InferenceFault as exc:
            answers[place] = exc

    async with create_task_group() as tg:
        for place in range(len(services)):
            tg.start_soon(ask, place)
    return [answers[place] for place in range(len(services))]


@dataclass(slots=True)
class Seen:
    """One service. `told` also when it is old; `fault` is why it is silent now."""

    service: Inference
    told: Capabilities | None = None
    fault: str | None = None


class MlWatch:
    """One question at a time, however many ask."""

    def __init__(self, services: Sequence[Inference]) -> None:
        self._seen = [Seen(service) for service in services]
        self._lock = Lock()
        self._asked_s = -MAX_AGE_S

    async def look(self) -> Sequence[Seen]:
        """In the order of the setting."""
        async with self._lock:
            is_served = any(one.fault is None for one in self._seen)
            max_age_s = MAX_AGE_S if is_served else MAX_FAULT_AGE_S
            if time.monotonic() - self._asked_s >= max_age_s:
                services = [one.service for one in self._seen]
                for one, answer in zip(self._seen, await ask_all(services), strict=True):
                    if isinstance(answer, Capabilities):
                        one.told, one.fault = answer, None
                    else:
                        one.fault = str(answer)
                self._asked_s = time.monotonic()
        return self._seen

    async def likely(self, fingerprint: str | None) -> Capabilities | None:
        """Whom a job of such a collection would go by, also when that was heard long ago.

        One of another model where all run others; None where it cannot be said.
        """
        told = [one.told for one in await self.look() if one.told is not None]
        all_told = told[:1] if len(told) == len(self._seen) else []
        return lead(told, fingerprint=fingerprint) or next(iter(all_told), None)

    def in_turn(self, fingerprint: str) -> list[Seen]:
        """For a query: those that were well and ran that model when last heard of come first."""

        def doubts(one: Seen) -> int:
            is_other = one.told is not None and one.told.clip.fingerprint != fingerprint
            return is_other + (one.fault is not None)

        return sorted(self._seen, key=doubts)

    async def warnings(self, fingerprint: str) -> tuple[str, ...]:
        """What a searcher should know of the model. Asks only where it was not heard of yet."""
        trained = self._trained(fingerprint)
        if trained is None:
            await self.look()
            trained = self._trained(fingerprint)
        return ("the model is untrained: scores mean nothing",) if trained is False else ()

    def _trained(self, fingerprint: str) -> bool | None:
        clips = [one.told.clip for one in self._seen if one.told is not None]
        return next((clip.trained for clip in clips if clip.fingerprint == fingerprint), None)
