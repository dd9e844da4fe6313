"""How many requests may be in flight: additive increase, halved on overload (Jacobson, 1988)."""

from __future__ import annotations

from dataclasses import dataclass, replace

MAX_PATIENCE = 32


@dataclass(frozen=True, slots=True)
class Window:
    """`size` requests at once, between 1 and `cap`. `credit` counts answers towards one more.

    One more is tried after `patience` whole windows of answers. `is_trial`: it was tried, and has
    not stood a whole window yet. Patience doubles when it does not stand: where the room is taken
    by somebody else for long, each try costs an upload.
    """

    size: int
    cap: int
    credit: int = 0
    patience: int = 1
    is_trial: bool = False

    @classmethod
    def of_limit(cls, limit: int) -> Window:
        """Starts at, and is capped by, what the service says it admits."""
        size = max(1, limit)
        return cls(size=size, cap=size)

    def capped(self, limit: int) -> Window:
        """As it is, unless the service says by now that it admits another number."""
        cap = max(1, limit)
        return self if cap == self.cap else Window(size=min(self.size, cap), cap=cap)

    def answered(self) -> Window:
        if self.size >= self.cap and not self.is_trial:
            return self
        credit = self.credit + 1
        if credit < self.size * (1 if self.is_trial else self.patience):
            return replace(self, credit=credit)
        if self.size >= self.cap:
            return Window(size=self.size, cap=self.cap)
        patience = 1 if self.is_trial else self.patience
        return Window(size=self.size + 1, cap=self.cap, patience=patience, is_trial=True)

    def overloaded(self) -> Window:
        patience = min(self.patience * 2, MAX_PATIENCE) if self.is_trial else self.patience
        return Window(size=max(1, self.size // 2), cap=self.cap, patience=patience)
