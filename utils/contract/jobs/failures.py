"""What failed in a job."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from utils.contract.base import Reply
from utils.contract.error_codes import ErrorCode
from utils.contract.examples import FAILURE


class FailureReply(Reply):
    """A file that could not be imported."""

    path: str = Field(description="The file; odd bytes show as `\\xNN`.")
    code: ErrorCode = Field(description="What went wrong.")
    detail: str = Field(description="The same in words.")
    at: datetime = Field(description="When, in UTC.")


class FailurePage(Reply):
    """A page of a job's failures."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"failures": [FAILURE], "total": 1, "next_offset": None}]}
    )

    failures: tuple[FailureReply, ...] = Field(description="By path.")
    total: int = Field(description="How many there are on all pages.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
