"""Re-embedding: the kind's name, and which job is asked for."""

from __future__ import annotations

REEMBED = "reembed"
