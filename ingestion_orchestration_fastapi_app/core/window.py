"""How many requests may be in flight: additive increase, halved on overload (Jacobson, 1988)."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Window:
    """`size` requests at once, between 1 and `cap`. `credit` counts answers towards one more."""

    size: int
    cap: int
    credit: int = 0

    @classmethod
    def of_limit(cls, limit: int) -> Window:
        """Starts at, and is capped by, what the service says it admits."""
        size = max(1, limit)
        return cls(size=size, cap=size)

    def answered(self) -> Window:
        """One more slot after a whole window of answers without an overload."""
        if self.size >= self.cap:
            return self if self.credit == 0 else replace(self, credit=0)
        credit = self.credit + 1
        if credit < self.size:
            return replace(self, credit=credit)
        return Window(size=self.size + 1, cap=self.cap)

    def overloaded(self) -> Window:
        return Window(size=max(1, self.size // 2), cap=self.cap)
