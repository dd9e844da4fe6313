"""Where a caption comes from, as it is told beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CaptionOrigin:
    """Who made a caption, and when. Of a captioner whose name nobody kept `model` is None."""

    fingerprint: str
    model: str | None = None
    made_at: datetime | None = None
