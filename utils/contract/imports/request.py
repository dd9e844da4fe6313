"""How an import is asked for."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from utils.contract.base import MAX_PATH_CHARACTERS, CollectionText, Wire

MAX_IMPORT_PATHS = 256
PathText = Annotated[str, Field(min_length=1, max_length=MAX_PATH_CHARACTERS)]
# A folder, or paths, or both.
_NAMES_SOMETHING: dict[str, JsonValue] = {
    "anyOf": [
        {
            "required": ["directory_path"],
            "properties": {
                "directory_path": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_PATH_CHARACTERS,
                }
            },
        },
        {"required": ["paths"], "properties": {"paths": {"minItems": 1}}},
    ]
}


class DryRunFields(Wire):
    """What a dry run of an import is asked for, beside the collection."""

    model_config = ConfigDict(json_schema_extra=_NAMES_SOMETHING)

    directory_path: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_PATH_CHARACTERS,
        description="The folder, as the service sees it; it must lie below an allowed root.",
    )
    paths: tuple[PathText, ...] = Field(
        default=(),
        max_length=MAX_IMPORT_PATHS,
        description="More folders, and single files: in one job. What lies in another one of them "
        "is counted once; the folder of a file is not imported with it.",
    )
    recursive: StrictBool = Field(default=True, description="The folders in each folder, too.")
    captions: StrictBool = Field(default=False, description="Captions, too; slow.")
    force: StrictBool = Field(
        default=False, description="Open every file again, also unchanged and failed ones."
    )
    sync: StrictBool = Field(
        default=False,
        description="Forget the images whose files are gone from the folders; never for a file "
        "that is named.",
    )
    confirm_deletes: StrictBool = Field(
        default=False, description="With `sync`: also where suspiciously many are gone."
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """All that is named, the folder first."""
        return (*(() if self.directory_path is None else (self.directory_path,)), *self.paths)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.asked:
            raise PydanticCustomError("nothing_named", "name a directory_path, or paths, or both")
        return self


class IngestFields(DryRunFields):
    """What an import is asked for, beside the collection."""

    watch: StrictBool | None = Field(
        default=None,
        description="Whether changes of the folders are picked up from now on; null: as it is.",
    )
    dry_run: StrictBool = Field(
        default=False,
        description="Only tell what would be done, how long it takes and which space it needs: in "
        "`GET /jobs/{job_id}/report` of a job of the kind `dry_run`, which changes nothing else.",
    )


class IngestRequest(IngestFields):
    """Folders and files to import."""

    model_config = ConfigDict(
        json_schema_extra={
            **_NAMES_SOMETHING,
            "examples": [
                {"directory_path": "/photos/2019", "recursive": True},
                {"directory_path": "/photos", "sync": True, "dry_run": True},
                {"paths": ["/photos/2023", "/photos/2024", "/inbox/IMG_0001.HEIC"]},
            ],
        }
    )

    collection: CollectionText = "default"
