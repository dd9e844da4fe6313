"""Searches: what is asked, and what is found."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictFloat

from utils.contract.base import (
    JSON_NUMBER,
    CollectionText,
    NotBlank,
    Reply,
    Wire,
)
from utils.contract.examples import HIT, SEARCH
from utils.contract.filters import FilterSpec
from utils.contract.images import ImageReply

MAX_SEARCH_LIMIT = 500
MAX_SEARCH_OFFSET = 10_000
OFFSET_DESCRIPTION = (
    f"How many of the best results are passed over, at most {MAX_SEARCH_OFFSET:,}: with `limit` "
    f"the best {MAX_SEARCH_OFFSET + MAX_SEARCH_LIMIT:,} can be had. Where images come in between "
    "two pages, the second may repeat some of the first."
)
CURSOR_DESCRIPTION = (
    "The `cursor` of the page before, in place of `offset`, with all else as it was but for "
    "`limit`: the page then begins after that one's last result, and repeats nothing, also where "
    "images come or go meanwhile. It is good for 10 minutes."
)
MAX_CURSOR_CHARACTERS = 16_384
MAX_QUERY_CHARACTERS = 2000

CursorText = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR_CHARACTERS)]


class SearchTextRequest(Wire):
    """What is looked for in words, and where."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "a dog on the beach", "limit": 20, "filters": {"taken_after": "2019"}}
            ]
        }
    )

    query: Annotated[str, NotBlank] = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="What the pictures show, in words. Where it is longer than the model reads, "
        "its end is cut off, and a warning says so; a blank one is refused.",
    )
    collection: CollectionText = "default"
    limit: Annotated[int, Field(ge=1, le=MAX_SEARCH_LIMIT), JSON_NUMBER] = Field(
        default=20, description="The most results."
    )
    offset: Annotated[int, Field(ge=0, le=MAX_SEARCH_OFFSET), JSON_NUMBER] = Field(
        default=0, description=OFFSET_DESCRIPTION
    )
    cursor: CursorText | None = Field(default=None, description=CURSOR_DESCRIPTION)
    filters: FilterSpec = Field(
        default=FilterSpec(), description="Conditions that every result meets."
    )
    min_score: Annotated[StrictFloat, Field(ge=-1, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="The least score of a result, -1 to 1."
    )


class SearchHit(ImageReply):
    """A stored image and how near it is to what was asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [HIT]})

    score: float = Field(description="The cosine between query and image, -1 to 1.")


class SearchReply(Reply):
    """What was found, the best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [SEARCH]})

    results: tuple[SearchHit, ...] = Field(description="The images, the best first.")
    collection: str = Field(description="The collection that was searched.")
    model: str | None = Field(
        description="The model that made its vectors; null before the first import."
    )
    warnings: tuple[str, ...] = Field(
        default=(), description="What makes the results less than they seem."
    )
    cursor: str | None = Field(
        default=None,
        description="Gives the next page, for 10 minutes; null where there is none.",
    )
