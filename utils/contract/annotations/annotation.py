"""Own ratings, favourites and tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool

from utils.contract.annotations.reply import AnnotationReply
from utils.contract.base import JSON_NUMBER, CollectionText, NotBlank, Reply, Wire
from utils.contract.examples import ANNOTATION
from utils.contract.images import Selection

MAX_TAGS = 50
_ID = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"

OwnRating = Annotated[int, Field(ge=-1, le=5), JSON_NUMBER]
TagText = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"), NotBlank
]
Tags = Annotated[tuple[TagText, ...], Field(max_length=MAX_TAGS)]


class AnnotationRequest(Wire):
    """All that is said of an image: what is left out is taken back."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANNOTATION]})

    rating: OwnRating | None = Field(
        default=None, description="-1 (rejected) to 5; null: the file's own rating counts."
    )
    favourite: StrictBool | None = Field(
        default=None, description="Whether it is one; null: what the file says counts."
    )
    tags: Tags = Field(
        default=(), description="Own tags. Those that differ only in case are one, the first."
    )


class AnnotationChangeRequest(Selection):
    """What is said of many images at once: what is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"ids": [_ID], "collection": "default", "favourite": True, "add_tags": ["print"]}
            ]
        }
    )

    collection: CollectionText = "default"
    rating: OwnRating | None = Field(
        default=None, description="-1 (rejected) to 5; null takes it back."
    )
    favourite: StrictBool | None = Field(
        default=None, description="Whether they are; null takes back what was said."
    )
    add_tags: Tags = Field(default=(), description="Tags that each of them gets.")
    remove_tags: Tags = Field(default=(), description="Tags that each of them loses.")


class AnnotationBefore(Reply):
    """What was said of some images, until it was changed."""

    annotation: AnnotationReply = Field(description="Of each of them.")
    ids: tuple[str, ...] = Field(description="The images.")


class AnnotationChanged(Reply):
    """Of how many images something is said now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "images": 12,
                    "missing": [_ID],
                    "before": [{"annotation": ANNOTATION, "ids": [_ID]}],
                }
            ]
        }
    )

    images: int = Field(description="How many of the images are there, and say it now.")
    missing: tuple[str, ...] = Field(
        default=(), description="Ids that the collection does not hold."
    )
    before: tuple[AnnotationBefore, ...] = Field(
        default=(),
        description="What was said before of those of which it was another: so it can be undone.",
    )
