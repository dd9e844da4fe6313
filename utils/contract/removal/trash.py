"""Removed images that are kept for a while, and brought back."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply, Wire

JOB_ID_PATTERN = "^[0-9a-z]{1,64}$"

TRASH: dict[str, JsonValue] = {
    "points": 12,
    "bytes": 36864,
    "expires_at": "2026-06-02T12:00:00Z",
    "last_expires_at": "2026-06-04T12:00:00Z",
}


class UndoOptions(Wire):
    """What a job of the kind `undo` is asked for."""

    job_id: str = Field(
        pattern=JOB_ID_PATTERN, description="The ended job that removed what is to come back."
    )


class TrashUse(Reply):
    """What of a collection can be brought back."""

    model_config = ConfigDict(json_schema_extra={"examples": [TRASH]})

    points: int = Field(description="Removed images that are kept, with their vectors and words.")
    bytes: int = Field(description="What they take; of all collections it is at most TRASH_BYTES.")
    expires_at: datetime | None = Field(
        description="When the first of them goes for good, in UTC, if there is room until then; "
        "null: there is none."
    )
    last_expires_at: datetime | None = Field(description="When the last of them does.")


class TrashEmptied(Reply):
    """What was thrown away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"emptied": 12}]})

    emptied: int = Field(description="How many removed images can no longer be brought back.")


class RestoreReply(Reply):
    """What came back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"restored": 3, "without_vector": 0, "left": 0, "missing": 1}]
        }
    )

    restored: int = Field(
        description="How many images are found again: those that were named, and every copy of "
        "what somebody had forgotten."
    )
    without_vector: int = Field(
        description="How many come back with the next import of their folder: the collection has "
        "had another model since, which has made no vector of them."
    )
    left: int = Field(
        description="How many are as they were: in the collection again, or of a folder that is "
        "none of it any more."
    )
    missing: int = Field(description="How many that were named are not in the trash.")
