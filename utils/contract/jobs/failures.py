"""What failed in a job."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.error_codes import ErrorCode

_IMAGE_ID = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
_FAILURE: dict[str, JsonValue] = {
    "path": "/photos/2019/torn.jpg",
    "code": "ERR_DECODING_IMAGE",
    "detail": "The image is cut off.",
    "at": "2026-05-03T12:00:05Z",
    "previous": {
        "id": _IMAGE_ID,
        "filename": "beach.jpg",
        "thumbnail_url": f"/api/v1/images/{_IMAGE_ID}/thumbnail?collection=default",
    },
    "next": None,
}


class NeighbourReply(Reply):
    """A stored image beside a file that failed."""

    id: str = Field(description="The image.")
    filename: str = Field(description="The name of its file.")
    thumbnail_url: str = Field(description="The path of its thumbnail.")


class FailureReply(Reply):
    """A file that could not be imported."""

    path: str = Field(description="The file; odd bytes show as `\\xNN`.")
    code: ErrorCode = Field(description="What went wrong.")
    detail: str = Field(description="The same in words.")
    at: datetime = Field(description="When, in UTC.")
    previous: NeighbourReply | None = Field(
        default=None,
        description="The stored image just before it in its folder, by name; null where there is "
        "none that may be shown.",
    )
    next: NeighbourReply | None = Field(default=None, description="The one just after it.")


class FailurePage(Reply):
    """A page of a job's failures."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"failures": [_FAILURE], "total": 1, "next_offset": None}]}
    )

    failures: tuple[FailureReply, ...] = Field(description="By path.")
    total: int = Field(description="How many there are on all pages.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
