"""Exports: a collection, or a part of it, as Parquet files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StrictBool

from utils.contract.base import JSON_NUMBER, CollectionText, Reply, Wire
from utils.contract.collections import MAX_GENERATION_ID
from utils.contract.filters import FilterSpec
from utils.contract.images import MAX_SELECTION

MAX_EXPORT_NAME = 128
_FILE: dict[str, JsonValue] = {
    "name": "images-00000.parquet",
    "rows": 12000,
    "size_bytes": 27262976,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_EXPORT: dict[str, JsonValue] = {
    "id": "default-20261129T101500Z-3f6c1f0e",
    "collection": "default",
    "created_at": "2026-11-29T10:15:00Z",
    "made_by": "photoseek 0.1.0",
    "model": "ViT-B-32",
    "fingerprint": "7b1f9c2d4e6a8b0c",
    "images": 12000,
    "size_bytes": 27262976,
    "vectors": True,
    "thumbnails": False,
    "filtered": False,
    "files": [_FILE],
}


class ExportOptions(Wire):
    """What a job of the kind `export` is asked for."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")] | None = Field(
        default=None,
        description="Of the export's folder: letters, digits, and _ . - behind the first. Null: "
        "the collection's name and the time.",
    )
    vectors: StrictBool = Field(
        default=True, description="With vectors: an export without cannot be imported."
    )
    thumbnails: StrictBool = Field(
        default=False, description="With the thumbnails that are there; about 10 KB an image."
    )
    filters: FilterSpec | None = Field(
        default=None, description="Only the images that meet these; null: all of them."
    )
    ids: tuple[UUID, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SELECTION,
        description="Only these images, as `id` says, as far as they meet `filters`; null: all.",
    )
    generation_id: Annotated[int, Field(ge=1, le=MAX_GENERATION_ID), JSON_NUMBER] | None = Field(
        default=None, description="The vectors of this generation; null: of the active one."
    )


class ExportRequest(ExportOptions):
    """A collection to export."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"collection": "default", "thumbnails": True}]}
    )

    collection: CollectionText = "default"


class ExportFileReply(Reply):
    """One Parquet file of an export."""

    name: str = Field(description="As `files/{name}` gives it.")
    rows: int = Field(description="Images in it.")
    size_bytes: int = Field(description="Its size.")
    sha256: str = Field(description="Of its bytes, in hexadecimal digits.")


class ExportReply(Reply):
    """An export, whole on the disk. Beside its files there is `manifest.json`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXPORT]})

    id: str = Field(description="The name of its folder in EXPORT_DIR.")
    collection: str = Field(description="Of which it was made.")
    created_at: datetime = Field(description="When it was asked for, in UTC.")
    made_by: str = Field(description="The program and its version.")
    model: str = Field(description="That made the vectors.")
    fingerprint: str = Field(description="Of that model, its weights and preprocessing.")
    images: int = Field(description="How many.")
    size_bytes: int = Field(description="Of all its files.")
    vectors: bool = Field(description="Whether their vectors are in it.")
    thumbnails: bool = Field(description="Whether thumbnails are.")
    filtered: bool = Field(description="Whether it holds only a part, by filters or ids.")
    files: tuple[ExportFileReply, ...] = Field(description="In the order of their rows.")


class ExportList(Reply):
    """A page of exports."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"exports": [_EXPORT], "unusable": [], "total": 1, "next_offset": None}]
        }
    )

    exports: tuple[ExportReply, ...] = Field(description="By name.")
    unusable: tuple[str, ...] = Field(
        description="Folders of the page that are no exports, or of a newer Photoseek."
    )
    total: int = Field(description="How many there are on all pages.")
    next_offset: int | None = Field(
        description="The `offset` of the next page; null where this is the last."
    )
