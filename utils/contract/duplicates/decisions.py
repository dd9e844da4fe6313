"""What people decide about the images of a group, and the files that are not needed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StrictBool

from utils.contract.base import JSON_NUMBER, MAX_PATH_CHARACTERS, CollectionText, Reply, Wire
from utils.contract.examples import IMAGE

MOST_DECISIONS = 500  # in one call
MAX_FILE_BYTES = 2**53 - 1
_COPY = "6a2f41a3-c54c-5fce-8d2d-09b6e5f0a0b1"
_FILE: dict[str, JsonValue] = {
    "id": _COPY,
    "path": "/photos/phone/beach-small.jpg",
    "bytes": 412_345,
    "sha256": IMAGE["sha256"],
    "kept_path": "/photos/2019/beach.jpg",
}
Sha256Text = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PathText = Annotated[str, Field(max_length=MAX_PATH_CHARACTERS)]


class Decision(StrEnum):
    """About an image of a group. `undecided`: nobody has decided, or it was taken back."""

    KEEP = "keep"
    NOT_NEEDED = "not_needed"
    UNDECIDED = "undecided"


class ImageDecision(Wire):
    """About one image."""

    id: UUID = Field(description="The image, as `id` says.")
    decision: Decision = Field(description="What becomes of it.")


class DecisionsRequest(Wire):
    """About images of one group: what is not named stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decisions": [
                        {"id": IMAGE["id"], "decision": "keep"},
                        {"id": _COPY, "decision": "not_needed"},
                    ]
                }
            ]
        }
    )

    decisions: Annotated[
        tuple[ImageDecision, ...], Field(min_length=1, max_length=MOST_DECISIONS)
    ] = Field(description="Of one that is named twice the last counts.")


class DecisionsReply(Reply):
    """What is decided now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"decisions": {str(IMAGE["id"]): "keep", _COPY: "not_needed"}, "files": 1}]
        }
    )

    decisions: dict[str, Decision] = Field(description="Of the images that were named.")
    files: int = Field(
        description="Files that are not needed by it: with one of a looser class than `same_bytes` "
        "all files of its bytes."
    )


class AddedFile(Wire):
    """A file of a list that was kept elsewhere."""

    id: UUID = Field(description="Its image, which may have left the collection.")
    path: PathText = Field(description="Where it was when that was decided.")
    bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES), JSON_NUMBER] = Field(
        description="Its size."
    )
    sha256: Sha256Text = Field(description="Of its bytes.")
    kept_path: PathText = Field(
        default="", description="The file that is kept in its place; empty: nobody said."
    )
    of_file: StrictBool = Field(
        default=False,
        description="Whether this one file is not needed among others of the same bytes; else no "
        "file of its bytes is.",
    )


class UnneededFilesRequest(Wire):
    """A list that was kept elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"files": [_FILE], "collection": "default"}]}
    )

    files: Annotated[tuple[AddedFile, ...], Field(min_length=1, max_length=MOST_DECISIONS)] = Field(
        description="What was decided about any of them here meanwhile stays."
    )
    collection: CollectionText = "default"


class UnneededFileReply(Reply):
    """A file that somebody decided is not needed."""

    id: str = Field(description="Its image, which may have left the collection.")
    path: str = Field(description="Where it was when that was decided.")
    bytes: int = Field(description="Its size.")
    sha256: str = Field(description="Of its bytes.")
    kept_path: str = Field(description="The file that is kept in its place; empty: nobody said.")


class UnneededFileList(Reply):
    """A page of them, those that were decided first first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"files": [_FILE], "total": 1, "total_bytes": 412_345, "next_after": None}]
        }
    )

    files: tuple[UnneededFileReply, ...] = Field(description="Those of the page.")
    total: int = Field(description="How many there are on all pages.")
    total_bytes: int = Field(description="What all of them take on the disk.")
    next_after: int | None = Field(description="For `after` of the next page; null: it was last.")


class UnneededFilesChanged(Reply):
    """How much the list was changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"files": 1}]})

    files: int = Field(description="Files that came on the list, or left it.")
