"""What is said of an image."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from utils.contract.base import Reply
from utils.contract.examples import ANNOTATION


class AnnotationReply(Reply):
    """What people say of an image in Photoseek itself: it belongs to the content, so to all its
    copies, and stays whatever becomes of collections. No file is changed.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ANNOTATION]})

    rating: int | None = Field(
        default=None, description="-1 (rejected) to 5; null: the file's own rating counts."
    )
    favourite: bool | None = Field(
        default=None, description="Whether it is one; null: what the file says counts."
    )
    tags: tuple[str, ...] = Field(default=(), description="Own tags, by name.")
