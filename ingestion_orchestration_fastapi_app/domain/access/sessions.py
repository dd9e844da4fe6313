"""A browser's session as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A browser that logged in. `token_hash` is all that is kept of its cookie."""

    token_hash: bytes
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
