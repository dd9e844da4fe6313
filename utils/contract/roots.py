"""The folders that may be imported and shown."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import MAX_PATH_CHARACTERS, Reply, Wire

_ROOT: dict[str, JsonValue] = {"path": "/mnt/disk/Pictures", "source": "remembered"}


class AllowedRootRequest(Wire):
    """A folder that may be imported from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"path": "/mnt/disk/Pictures"}]})

    path: str = Field(min_length=1, max_length=MAX_PATH_CHARACTERS, description="The folder.")


class AllowedRootReply(Reply):
    """A folder that may be imported, with all that lies in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROOT]})

    path: str = Field(description="The folder.")
    source: Literal["setting", "default", "remembered"] = Field(
        description="Who allows it: the setting INGEST_ROOTS, the default where that is not set, "
        "or a user who added it."
    )


class AllowedRootList(Reply):
    """All folders that may be imported now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roots": [_ROOT]}]})

    roots: tuple[AllowedRootReply, ...] = Field(description="All of them.")
