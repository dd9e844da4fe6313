"""What the inference service last said of itself, asked again when that is old."""

from __future__ import annotations

import time

from anyio import Lock

from ingestion_orchestration_fastapi_app.errors import InferenceFault
from ingestion_orchestration_fastapi_app.pipeline.ports import Inference
from utils.contract import Capabilities

MAX_AGE_S = 5.0
MAX_FAULT_AGE_S = 0.5  # a service that has just come up is seen at once


class MlWatch:
    """One question at a time, however many ask."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._lock = Lock()
        self._asked_s = -MAX_AGE_S
        self._fault: str | None = "the inference service was not asked yet"
        self._last: Capabilities | None = None

    async def look(self) -> tuple[Capabilities | None, str | None]:
        """The capabilities last heard of (also when they are old), and why it is silent now."""
        async with self._lock:
            max_age_s = MAX_AGE_S if self._fault is None else MAX_FAULT_AGE_S
            if time.monotonic() - self._asked_s >= max_age_s:
                try:
                    self._last = await self._inference.capabilities()
                    self._fault = None
                except InferenceFault as exc:
                    self._fault = str(exc)
                self._asked_s = time.monotonic()
        return self._last, self._fault

    async def warnings(self) -> tuple[str, ...]:
        """What a searcher should know of the model."""
        capabilities, _fault = await self.look()
        if capabilities is not None and not capabilities.clip.trained:
            return ("the model is untrained: scores mean nothing",)
        return ()
