"""Re-embedding, as a kind of job: its name."""

from __future__ import annotations

REEMBED = "reembed"
