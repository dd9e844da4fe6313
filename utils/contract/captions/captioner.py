"""Whom caption jobs may ask, and who made a caption."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from utils.contract.base import Reply


class CaptionOriginReply(Reply):
    """Who made a caption, and when."""

    model: str | None = Field(description="The captioner's model; null where nobody kept it.")
    fingerprint: str = Field(description="The captioner's: another one says other things.")
    made_at: datetime | None = Field(description="In UTC.")


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
