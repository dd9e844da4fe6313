"""In which order, and by which steps of time."""

from __future__ import annotations

from enum import StrEnum


class BrowseSort(StrEnum):
    """What a page is sorted by."""

    PATH = "path"
    TAKEN_AT = "taken_at"
    ADDED = "added"


class BrowseOrder(StrEnum):
    """In which direction."""

    ASC = "asc"
    DESC = "desc"


class TimelineStep(StrEnum):
    """What a bucket of the timeline holds."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
