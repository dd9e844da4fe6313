"""Folders that are hidden or excluded: named, listed."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import MAX_PATH_CHARACTERS, Reply, Wire

_HIDDEN: dict[str, JsonValue] = {"path": "/photos/private", "at": "2026-06-01T12:00:00Z"}


class FolderRequest(Wire):
    """A folder of a collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"path": "/photos/private"}]})

    path: str = Field(
        min_length=1,
        max_length=MAX_PATH_CHARACTERS,
        description="The folder, as the service sees it; in a root of the collection, or one.",
    )


class MarkedFolderReply(Reply):
    """A folder, and since when."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HIDDEN]})

    path: str = Field(description="The folder; odd bytes show as `\\xNN`.")
    at: datetime = Field(description="Since when, in UTC.")


class ExcludedFolderReply(MarkedFolderReply):
    """An excluded folder, and what became of its images."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_HIDDEN, "removed": 12}]})

    removed: int = Field(description="How many images this call took out of the collection.")


class MarkedFolderList(Reply):
    """All such folders of a collection."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folders": [_HIDDEN]}]})

    folders: tuple[MarkedFolderReply, ...] = Field(description="By path.")
