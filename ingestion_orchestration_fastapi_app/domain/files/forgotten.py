"""Contents that somebody has removed from a collection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ForgottenImage:
    """`name` is that of one of its files, for people. `at`: None until it is kept."""

    sha256: bytes
    name: str
    at: datetime | None = None
