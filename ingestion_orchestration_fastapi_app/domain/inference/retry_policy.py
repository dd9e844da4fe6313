"""How long to wait before a batch is sent again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential from `base_s` to `max_s`, unless the service asked for a time."""

    base_s: float = 0.25
    max_s: float = 15.0
    asked_max_s: float = 60.0  # a service that asks for an hour is asked again within a minute

    def wait_s(self, attempt: int, *, asked_s: float | None, jitter: float) -> float:
        """`attempt` counts from 0; `jitter` is uniform in [0, 1).

        A time that was asked for is obeyed and lengthened by up to a quarter, so that clients
        told the same time do not come back together; a time of our own is shortened by up to half.
        """
        if asked_s is not None:
            return min(asked_s, self.asked_max_s) * (1 + jitter / 4)
        exponential = self.base_s * 2.0 ** min(attempt, 16)
        return min(exponential, self.max_s) * (1 - jitter / 2)
