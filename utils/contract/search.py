"""Searches: what is asked, by which conditions, and what is found."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from utils.contract.base import Reply, Wire
from utils.contract.images import ImageReply

KeywordText = Annotated[str, Field(min_length=1, max_length=200)]


class FilterSpec(Wire):
    """All given conditions must hold. Times are compared as written by the camera.

    `camera` and `lens` are parts of names; `keywords` are whole ones, all of which a picture must
    have. Case does not matter.
    """

    taken_after: datetime | None = None
    taken_before: datetime | None = None
    camera: str | None = Field(default=None, max_length=200)
    lens: str | None = Field(default=None, max_length=200)
    rating_min: int | None = Field(default=None, ge=-1, le=5)
    keywords: tuple[KeywordText, ...] = Field(default=(), max_length=50)
    path_prefix: str | None = Field(default=None, max_length=4096)
    formats: tuple[str, ...] | None = Field(default=None, max_length=50)
    min_width_px: int | None = Field(default=None, ge=1)
    min_height_px: int | None = Field(default=None, ge=1)
    has_gps: bool | None = None


MAX_SEARCH_LIMIT = 500
MAX_SEARCH_OFFSET = 10_000
OFFSET_DESCRIPTION = (
    f"How many of the best results are passed over, at most {MAX_SEARCH_OFFSET:,}: with `limit` "
    f"the best {MAX_SEARCH_OFFSET + MAX_SEARCH_LIMIT:,} can be had. Where images come in between "
    "two pages, the second may repeat some of the first."
)


class SearchTextRequest(Wire):
    query: str = Field(min_length=1, max_length=2000)
    collection: str = "default"
    limit: int = Field(default=20, ge=1, le=MAX_SEARCH_LIMIT)
    offset: int = Field(default=0, ge=0, le=MAX_SEARCH_OFFSET, description=OFFSET_DESCRIPTION)
    filters: FilterSpec = FilterSpec()
    min_score: float | None = Field(default=None, ge=-1, le=1, allow_inf_nan=False)


class SearchHit(ImageReply):
    """`score` is the cosine between query and image, -1 to 1."""

    score: float


class SearchReply(Reply):
    results: tuple[SearchHit, ...]
    collection: str
    model: str | None
    warnings: tuple[str, ...] = ()
