"""Imports of exports: into a new collection, or one by the same model."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from pydantic import ConfigDict, Field

from utils.contract.base import MAX_PATH_CHARACTERS, CollectionText, Wire

_PathText = Annotated[str, Field(min_length=1, max_length=MAX_PATH_CHARACTERS)]


class ImportOptions(Wire):
    """What a job of the kind `import` is asked for."""

    source: _PathText = Field(
        description="An export by its `id`, or the absolute path of a folder that holds one, in "
        "EXPORT_DIR or a folder that may be imported."
    )
    roots: Annotated[dict[_PathText, _PathText], MaxLen(1000)] = Field(
        default_factory=dict,
        description="Where the photographs are now: by the folder of the export, or one above it, "
        "that which it is here. One that is not named is where it was.",
    )


class ImportRequest(ImportOptions):
    """An export to import."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "default-20261129T101500Z-3f6c1f0e",
                    "roots": {"/old/Pictures": "/home/you/Pictures"},
                }
            ]
        }
    )

    collection: CollectionText | None = Field(
        default=None,
        description="Into which; it is made where it is not there. Null: the one of the export.",
    )
