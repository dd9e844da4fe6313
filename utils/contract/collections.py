"""Collections and their watched folders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from utils.contract.base import MAX_PATH_CHARACTERS, Reply, Wire
from utils.contract.examples import COLLECTION

COLLECTION_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"

Name = Annotated[
    str,
    Field(
        max_length=63,
        pattern=COLLECTION_NAME_PATTERN,
        description="1 to 63 letters, digits, `_`, `.` or `-`; it begins with a letter or digit.",
    ),
]


class CollectionRequest(Wire):
    """A new collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "holidays"}]})

    name: Name


class CollectionRename(Wire):
    """What a collection is called from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "italy-2019"}]})

    name: Name


class RepointRequest(Wire):
    """A folder that has moved, with every root in it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "/home/you/Pictures", "to": "/mnt/disk/Pictures"}]}
    )

    from_: str = Field(
        alias="from",
        min_length=1,
        max_length=MAX_PATH_CHARACTERS,
        description="Where it was: a root of the collection, or a folder above some. "
        "It need not be there any more.",
    )
    to: str = Field(min_length=1, max_length=MAX_PATH_CHARACTERS, description="Where it is now.")


class WatchReply(Reply):
    """A folder whose changes are picked up."""

    directory_path: str = Field(description="The folder.")
    recursive: bool = Field(description="Whether the folders in it are watched, too.")
    mode: Literal["events", "rescan"] = Field(
        description="By `events` of the file system, or only by a `rescan` now and then."
    )
    detail: str | None = Field(description="Why there are no events, or what else is wrong.")


class CollectionReply(Reply):
    """A collection as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [COLLECTION]})

    name: str = Field(description="Its name, in paths and requests.")
    count: int | None = Field(
        description="How many images it holds; null where the vector store cannot be read: import "
        "the collection's folders again."
    )
    state: Literal["ready", "damaged"] = Field(
        default="ready",
        description="`damaged`: its table cannot be read, and calls on its images are answered "
        "with `ERR_STORE_READ`; the next import of a folder of it rebuilds the table.",
    )
    detail: str | None = Field(
        default=None,
        description="Why it is damaged, or how many images its table has lost, and what to do; "
        "else null.",
    )
    model: str | None = Field(
        description="The model of its vectors; null until the first job binds it to one."
    )
    fingerprint: str | None = Field(
        description="Of model, weights and preprocessing; null until the first job."
    )
    roots: tuple[str, ...] = Field(description="The folders that were imported.")
    watches: tuple[WatchReply, ...] = Field(
        default=(), description="The folders whose changes are picked up."
    )
    last_job_id: str | None = Field(description="Its newest job.")


class CollectionList(Reply):
    """Every collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"collections": [COLLECTION]}]})

    collections: tuple[CollectionReply, ...] = Field(description="By name.")
