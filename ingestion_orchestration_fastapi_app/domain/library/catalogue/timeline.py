"""Days as buckets of a timeline."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from ingestion_orchestration_fastapi_app.domain.library.catalogue.catalogue_rows import (
    MICROSECONDS_A_DAY,
    Position,
    moment_number,
)


class Step(StrEnum):
    YEAR = "year"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Bucket:
    """`start` is after the last picture before it, in the order of the timeline."""

    name: str
    count: int
    start: Position


@dataclass(frozen=True, slots=True)
class Timeline:
    buckets: tuple[Bucket, ...]
    undated: int
    undated_start: Position
    is_cut: bool = False


_CHARACTERS = {Step.YEAR: 4, Step.MONTH: 7, Step.DAY: 10}
_BEFORE_ALL, _AFTER_ALL = 0, 2**62  # rows


def timeline(
    days: Iterable[tuple[date | None, int]], step: Step, *, is_descending: bool, most: int
) -> Timeline:
    """`days` from the newest to the oldest, those without a date last, as they are counted."""
    undated = 0
    counts: dict[str, int] = {}
    for day, count in days:
        if day is None:
            undated = count
        else:
            name = day.isoformat()[: _CHARACTERS[step]]
            counts[name] = counts.get(name, 0) + count
    names = sorted(counts, reverse=is_descending)
    buckets = tuple(
        Bucket(name, counts[name], _start(name, is_descending=is_descending))
        for name in names[:most]
    )
    row = _AFTER_ALL if is_descending else _BEFORE_ALL
    return Timeline(buckets, undated, Position(None, row), len(names) > most)


def _start(name: str, *, is_descending: bool) -> Position:
    """No picture has the row: those of the very moment come with the bucket, or do not."""
    first = date.fromisoformat(f"{name}-01-01"[:10])
    edge = _last(name, first) if is_descending else first
    moment = moment_number(datetime.combine(edge, time()))
    return Position(moment + MICROSECONDS_A_DAY * is_descending, _BEFORE_ALL)


def _last(name: str, first: date) -> date:
    """The last day of the bucket."""
    if len(name) == _CHARACTERS[Step.YEAR]:
        return first.replace(month=12, day=31)
    if len(name) == _CHARACTERS[Step.MONTH]:
        return first.replace(day=monthrange(first.year, first.month)[1])
    return first
