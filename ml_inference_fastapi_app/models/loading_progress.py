"""From nothing to a model that is ready: its phases, and when they should be over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ml_inference_fastapi_app.backends.base import StartPhase
from utils.problems import ModelLoading

MAX_RETRY_S = 10.0  # so that nobody sleeps long past a start that went faster than the last one

# Until a start was seen. Compiling counts once it has begun: most machines do not.
USUAL_S = {
    StartPhase.FETCHING: 5.0,
    StartPhase.LOADING: 10.0,
    StartPhase.COMPILING: 60.0,
    StartPhase.PROBING: 10.0,
}


class LoadingProgress:
    """How far a start has come. Written by the thread that is at it, read anywhere."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.took_s: dict[StartPhase, float] = {}
        self._clock = clock
        self._expected_s: Mapping[StartPhase, float] = {}
        self._now = (StartPhase.FETCHING, clock())  # the phase, and when it began

    def expect(self, phases_s: Mapping[StartPhase, float]) -> None:
        """What the last start took. Empty: what starts usually take."""
        self._expected_s = phases_s

    def begin_again(self) -> None:
        """After an unloading. It should take as long as the last time."""
        self._expected_s, self.took_s = self.took_s, {}
        self._now = (StartPhase.FETCHING, self._clock())

    def enter(self, phase: StartPhase) -> None:
        self.end()
        self._now = (phase, self._clock())

    def end(self) -> None:
        """The phase that is under way is over."""
        phase, began_s = self._now
        self.took_s[phase] = self._clock() - began_s

    def eta_s(self) -> float:
        """An estimate; it never reaches 0."""
        now, began_s = self._now
        elapsed_s = self._clock() - began_s
        expected_s = self._expected(now)
        # Overdue, a phase may last half as long again as it has: a download of unknown size.
        left_s = expected_s - elapsed_s if elapsed_s < expected_s else elapsed_s / 2
        phases = list(StartPhase)
        later = phases[phases.index(now) + 1 :]
        return left_s + sum(
            self._expected(phase)
            for phase in later
            if self._expected_s or phase is not StartPhase.COMPILING
        )

    def loading(self) -> ModelLoading:
        """The answer to whoever calls too early."""
        phase, _ = self._now
        eta_s = max(1.0, self.eta_s())
        return ModelLoading(
            f"The model is not ready ({phase}); it should be in about {eta_s:.0f} s.",
            retry_after_s=min(eta_s, MAX_RETRY_S),
            eta_s=eta_s,
        )

    def _expected(self, phase: StartPhase) -> float:
        if self._expected_s and phase is not self._now[0]:
            return self._expected_s.get(phase, 0.0)
        return self._expected_s.get(phase, USUAL_S[phase])
