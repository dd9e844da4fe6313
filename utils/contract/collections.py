"""Collections, their watched folders, and their generations: tables, each made by one model."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, StrictBool, StrictInt

from utils.contract.base import MAX_PATH_CHARACTERS, Reply, Wire
from utils.contract.examples import COLLECTION, GENERATION
from utils.contract.jobs import JobState
from utils.contract.removal.trash import TRASH, TrashUse
from utils.contract.warnings import WarningDetail

COLLECTION_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"

MAX_MODEL_CHARACTERS = 200
MAX_GENERATION_ID = 2**53 - 1
_FORCE = "Also where so many images lack a vector that it would be asked about."

GenerationNumber = Annotated[
    StrictInt, Field(ge=1, le=MAX_GENERATION_ID, description="The generation's number.")
]

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
    warning: WarningDetail | None = Field(
        default=None, description="The same by its code, with what fills its gaps."
    )


class CollectionReply(Reply):
    """A collection as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [COLLECTION]})

    name: str = Field(description="Its name, in paths and requests.")
    count: int | None = Field(
        description="How many images it holds, also in hidden folders; null where the vector store "
        "cannot be read: import the collection's folders again."
    )
    hidden_count: int | None = Field(
        default=0,
        description="How many of them lie in hidden folders: lists and searches show and count the "
        "others. Null where `count` is.",
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


class GenerationReply(Reply):
    """One table of a collection, made by one model."""

    model_config = ConfigDict(json_schema_extra={"examples": [GENERATION]})

    id: int = Field(description="Its number, which never names another one.")
    state: Literal["filling", "active", "retired"] = Field(
        description="The `active` one answers; a `filling` one never did, a `retired` one did."
    )
    model: str = Field(description="The model of its vectors.")
    weights: str = Field(description="The weights of the model.")
    dim: int = Field(description="How many numbers a vector has.")
    fingerprint: str = Field(description="Of model, weights and preprocessing.")
    count: int | None = Field(
        description="How many images it holds; null where its table cannot be read."
    )
    missing: int = Field(
        description="How many images of the active generation it lacks: they would not be found. "
        "Where the active one was just changed: of the one that answered before."
    )
    created_at: datetime = Field(description="When, in UTC.")
    activated_at: datetime | None = Field(description="When it answered first, or again, in UTC.")


_DETAIL: dict[str, JsonValue] = {
    **COLLECTION,
    "created_at": GENERATION["created_at"],
    "generation": {**GENERATION, "id": 1, "state": "active", "missing": 0},
    "other_generations": [GENERATION],
    "disk": {"vectors": 4194304, "other_vectors": 2097152, "words": 1048576},
    "index": {"indexed": 499, "unindexed": 0},
    "trash": TRASH,
    "last_job": {
        "job_id": COLLECTION["last_job_id"],
        "kind": "ingest",
        "state": "completed",
        "finished_at": GENERATION["created_at"],
    },
}


class DiskUse(Reply):
    """Bytes of its tables. Thumbnails lie in the cache, by content, for all collections."""

    vectors: int = Field(description="The table that answers, with its indexes.")
    other_vectors: int = Field(description="Tables of other generations.")
    words: int = Field(description="What is searched by word.")


class IndexCounts(Reply):
    """How searches find images: those without an index are looked at one by one."""

    indexed: int = Field(description="Images that the index finds.")
    unindexed: int = Field(description="Images that each search looks at.")


class LastJob(Reply):
    """A collection's newest job, in short."""

    job_id: str = Field(description="The job.")
    kind: str = Field(description="The kind of work.")
    state: JobState = Field(description="What it does now, or how it ended.")
    finished_at: datetime | None = Field(description="When it ended, in UTC.")


class CollectionDetail(CollectionReply):
    """All that is known of one collection. What cannot be read now is null."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    created_at: datetime | None = Field(
        description="When its oldest table was made, in UTC; null until the first job."
    )
    generation: GenerationReply | None = Field(description="The table that answers.")
    other_generations: tuple[GenerationReply, ...] = Field(
        description="Tables that fill, or answered before; the oldest first."
    )
    disk: DiskUse | None = Field(description="What its tables take on the disk, in bytes.")
    index: IndexCounts | None = Field(description="How far it is indexed.")
    trash: TrashUse = Field(description="Removed images that can be brought back.")
    last_job: LastJob | None = Field(description="Its newest job.")


class CollectionList(Reply):
    """Every collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"collections": [COLLECTION]}]})

    collections: tuple[CollectionReply, ...] = Field(description="By name.")


class GenerationList(Reply):
    """All generations of a collection."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"collection": "default", "generations": [GENERATION]}]}
    )

    collection: str = Field(description="The collection.")
    generations: tuple[GenerationReply, ...] = Field(description="The oldest first.")


class ReembedOptions(Wire):
    """What a job of the kind `reembed` is asked for."""

    generation_id: GenerationNumber
    switch: StrictBool = Field(
        default=True, description="Whether the generation answers from the job's end on."
    )
    force_switch: StrictBool = Field(default=False, description=_FORCE)


class ReembedRequest(Wire):
    """Another model for a collection. Without a name it is the other one that is served."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "ViT-L-14"}, {"fingerprint": "c07d1e5b3a92"}]}
    )

    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_MODEL_CHARACTERS,
        description="The model's name, as the inference service's capabilities say.",
    )
    fingerprint: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_MODEL_CHARACTERS,
        description="Its fingerprint: of model, weights and preprocessing.",
    )
    switch: StrictBool = Field(
        default=True, description="Whether it answers as soon as all is embedded; else it waits."
    )
    force_switch: StrictBool = Field(default=False, description=_FORCE)


class ActivateRequest(Wire):
    """To let a generation answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"force": True}]})

    force: StrictBool = Field(default=False, description=_FORCE)
