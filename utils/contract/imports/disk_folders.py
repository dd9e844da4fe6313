"""Folders on the service's disk, for who chooses what to import."""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply

_JOB_ID = "3f6c1f0e9a6b4a0c8d1f5f0e6b7a2c11"
_FOLDER: dict[str, JsonValue] = {
    "path": "/photos/2019",
    "name": "2019",
    "has_folders": True,
    "readable": True,
    "images": 930,
    "watched_by": "/photos",
    "hidden": False,
    "excluded": False,
    "job_id": None,
}


class DiskFolderReply(Reply):
    """A folder on the disk, and what the collection has of it."""

    path: str = Field(description="Its whole path: what an import takes, and `path` here.")
    name: str = Field(description="The last part of it; of an allowed root, all of it.")
    has_folders: bool | None = Field(
        description="Whether there are folders in it that may be imported; null: not known, as of "
        "one that may not be read, or was not looked into in time."
    )
    readable: bool = Field(description="Whether the service may list it, as far as is known.")
    images: int = Field(
        description="Images of the collection that lie in it or below it, without hidden ones."
    )
    watched_by: str | None = Field(
        description="The watched folder by which changes in it are picked up: itself or one above "
        "it. Null: it is not watched."
    )
    hidden: bool = Field(description="Whether it, or one above it, is hidden in the collection.")
    excluded: bool = Field(
        description="Whether imports of the collection pass it over: it, or one above it, is "
        "excluded."
    )
    job_id: str | None = Field(
        description="An import of the collection that has not ended and takes in what lies in it; "
        "null: there is none."
    )


class DiskFolderList(Reply):
    """A page of the folders right below one, or of the allowed roots."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "default",
                    "folder": {**_FOLDER, "path": "/photos", "name": "photos", "images": 4711},
                    "parent": None,
                    "folders": [
                        _FOLDER,
                        {
                            **_FOLDER,
                            "path": "/photos/2020",
                            "name": "2020",
                            "has_folders": False,
                            "job_id": _JOB_ID,
                        },
                    ],
                    "total": 2,
                    "next_offset": None,
                    "truncated": False,
                }
            ]
        }
    )

    collection: str = Field(description="The collection that was asked for.")
    folder: DiskFolderReply | None = Field(
        description="The folder whose folders these are; null: they are the allowed roots."
    )
    parent: str | None = Field(
        description="The folder above it, where that may be listed, too; null: go to the roots."
    )
    folders: tuple[DiskFolderReply, ...] = Field(
        description="By name. What turns out to be another program's own is left out of its page."
    )
    total: int = Field(description="How many there are on all pages.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
    truncated: bool = Field(
        description="Whether the folder holds more than were listed: more than 10,000 folders, or "
        "too much to be listed in time."
    )
