"""Whom caption jobs may ask, as the orchestrator tells it."""

from __future__ import annotations

from pydantic import Field

from utils.contract.base import Reply


class CaptionerReply(Reply):
    """Somebody who may be asked for captions."""

    name: str = Field(description="How a caption job asks for it: `service` or `endpoint`.")
    available: bool = Field(
        description="Whether it may be asked. An endpoint is asked only when a job begins."
    )
    model: str | None = Field(default=None, description="Its model.")
    detail: str | None = Field(default=None, description="Why it may not be asked, and what helps.")
    recipient: str | None = Field(
        default=None,
        description="Where pictures are sent to, where that is beyond Photoseek's own services.",
    )
