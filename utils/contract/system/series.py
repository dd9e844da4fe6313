"""Figures of the last hour, for small charts."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply

POINTS: list[JsonValue] = [
    {
        "at": "2026-05-03T12:00:05Z",
        "search_p95_ms": None,
        "embedded_per_s": 0.0,
        "waiting_images": 0,
        "resident_bytes": 610_000_000,
    },
    {
        "at": "2026-05-03T12:00:35Z",
        "search_p95_ms": 38.2,
        "embedded_per_s": 84.1,
        "waiting_images": 2032,
        "resident_bytes": 640_000_000,
    },
]


class SeriesPoint(Reply):
    """One moment, and what was counted since the one before."""

    at: datetime = Field(description="When it was measured, in UTC.")
    search_p95_ms: float | None = Field(
        description="Milliseconds within which 95 of 100 searches were answered, told from the "
        "metrics' buckets; null: none was asked."
    )
    embedded_per_s: float | None = Field(
        description="Images that got a vector, a second; null at the first point."
    )
    waiting_images: int | None = Field(
        description="Images that jobs which run have found and are yet to do; null where the "
        "ledger could not be read."
    )
    resident_bytes: int = Field(description="Memory that the orchestrator takes.")


class SystemSeries(Reply):
    """The last hour, as this process has seen it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step_s": 30.0, "points": POINTS}]})

    step_s: float = Field(description="Seconds between two points, about.")
    points: tuple[SeriesPoint, ...] = Field(
        description="The oldest first, at most 120; fewer in the first hour of the process."
    )
