"""The parameters that several routes have: bounded and described once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from utils.contract import (
    MAX_GENERATION_ID,
    MAX_NAME_CHARACTERS,
    MAX_OFFSET,
    MAX_SEARCH_LIMIT,
    MAX_SEARCH_OFFSET,
)
from utils.contract.search import CURSOR_DESCRIPTION, OFFSET_DESCRIPTION, CursorText

_JOB = "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11"
_IMAGE = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"

JobId = Annotated[
    str,
    Path(max_length=MAX_NAME_CHARACTERS, description="A job, as `job_id` says.", examples=[_JOB]),
]
ImageId = Annotated[UUID, Path(description="An image, as `id` says.", examples=[_IMAGE])]
CollectionInPath = Annotated[
    str,
    Path(
        max_length=MAX_NAME_CHARACTERS, description="The collection's name.", examples=["default"]
    ),
]
GenerationId = Annotated[
    int,
    Path(ge=1, le=MAX_GENERATION_ID, description="A generation, as `id` says.", examples=[2]),
]
CollectionName = Annotated[
    str,
    Query(
        min_length=1,
        max_length=MAX_NAME_CHARACTERS,
        description="The collection that it is in.",
        examples=["default"],
    ),
]
PageLimit = Annotated[int, Query(ge=1, le=MAX_SEARCH_LIMIT, description="The most of a page.")]
JobLimit = Annotated[int, Query(ge=1, le=1000, description="The most of a page.")]
Offset = Annotated[
    int, Query(ge=0, le=MAX_OFFSET, description="How many to pass over: `next_offset`.")
]
ListCursor = Annotated[
    CursorText | None,
    Query(
        description="The `cursor` of the page before, or of a bucket of the timeline, in place of "
        "`offset`, with all else as it was but for `limit`. It does not grow old."
    ),
]
SearchOffset = Annotated[int, Query(ge=0, le=MAX_SEARCH_OFFSET, description=OFFSET_DESCRIPTION)]
SearchCursor = Annotated[CursorText | None, Query(description=CURSOR_DESCRIPTION)]
