"""The kinds of jobs: what a page needs to offer each of them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply

_VERIFY: dict[str, JsonValue] = {
    "name": "verify",
    "description": "Compares what is stored with itself and with the files.",
    "lane": None,
    "changes": "collection",
    "options": {
        "type": "object",
        "title": "VerifyOptions",
        "properties": {"mend": {"type": "boolean", "title": "Mend", "default": True}},
        "additionalProperties": False,
    },
}


class JobEffect(StrEnum):
    """What jobs of a kind may change: `nothing` but what they themselves tell, the `collection`,
    or `files`, which they write and never delete.
    """

    NOTHING = "nothing"
    COLLECTION = "collection"
    FILES = "files"


class JobKindReply(Reply):
    """A kind of jobs that `POST /jobs` starts."""

    name: str = Field(description="As `kind` takes it.")
    description: str = Field(description="What its jobs do, in a sentence.")
    lane: str | None = Field(
        description="Of the jobs in one lane and collection one runs at a time, the others wait; "
        "in `generation` that is one for each generation. Null: they run beside all others."
    )
    changes: JobEffect
    options: dict[str, object] = Field(
        description="What `options` takes, as a JSON Schema (2020-12) of an object."
    )


class JobKindList(Reply):
    """Every kind of jobs that can be started."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kinds": [_VERIFY]}]})

    kinds: tuple[JobKindReply, ...] = Field(description="By name.")
