"""Where a request's time goes."""

from __future__ import annotations

import time
from typing import Literal, get_args

from ml_inference_fastapi_app.scheduling.model_thread import Steps, T

Stage = Literal["admit", "parse", "decode", "queue", "model"]


class StageTimer:
    """The stages of one request follow each other, on whatever thread; one that it has not lasts 0.

    `parse` ends with the body's last byte; what is decoded meanwhile does not count twice.
    """

    def __init__(self) -> None:
        self.spans_s: dict[Stage, float] = dict.fromkeys(get_args(Stage), 0.0)
        self._last_s = time.perf_counter()

    def end(self, stage: Stage) -> None:
        """It began when the one before ended."""
        now_s = time.perf_counter()
        self.spans_s[stage] = now_s - self._last_s
        self._last_s = now_s

    def headers(self) -> dict[str, str]:
        """Server-Timing, in milliseconds."""
        spans = (f"{stage};dur={span_s * 1000:.2f}" for stage, span_s in self.spans_s.items())
        return {"Server-Timing": ", ".join(spans)}


def timed(steps: Steps[T], timer: StageTimer) -> Steps[T]:
    """Queued until the first turn, the model's from then on."""
    timer.end("queue")
    result = yield from steps
    timer.end("model")
    return result
