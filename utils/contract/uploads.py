"""Files that are sent to the inbox, and what became of each."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.error_codes import ErrorCode
from utils.contract.examples import JOB

MAX_UPLOAD_FILES = 1000  # a call

_STORED: dict[str, JsonValue] = {
    "name": "IMG_0001.jpg",
    "outcome": "stored",
    "path": "/inbox/default/2026-06-01/IMG_0001.jpg",
    "code": None,
    "detail": "",
}
_REFUSED: dict[str, JsonValue] = {
    "name": "notes.txt",
    "outcome": "refused",
    "path": None,
    "code": "ERR_FORMAT_UNSUPPORTED",
    "detail": "no image format is recognised: it is no picture, or its beginning is damaged",
}


class UploadOutcome(StrEnum):
    """Of one file that was sent."""

    STORED = "stored"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


class UploadedFile(Reply):
    """What became of one file."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STORED]})

    name: str = Field(description="As it was sent.")
    outcome: UploadOutcome = Field(
        description="`already_there`: the same bytes were, and nothing was stored."
    )
    path: str | None = Field(description="Where it lies; null where it was refused.")
    code: ErrorCode | None = Field(default=None, description="Why it was refused.")
    detail: str = Field(default="", description="The same in words.")


class UploadReply(Reply):
    """What became of the files of one call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "files": [_STORED, _REFUSED],
                    "job_id": JOB["job_id"],
                    "status_url": f"/api/v1/jobs/{JOB['job_id']}",
                }
            ]
        }
    )

    files: tuple[UploadedFile, ...] = Field(description="In the order in which they were sent.")
    job_id: str | None = Field(
        description="The import that takes them in; null where there is nothing new to import."
    )
    status_url: str | None = Field(description="The path under which it says how far it is.")
