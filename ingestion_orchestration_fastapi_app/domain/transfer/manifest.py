"""What an export says of itself: `manifest.json`, which is written last and read first."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import COLLECTION_NAME, display_text

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
FORMAT_VERSION: Literal[1] = 1
_MOST_PARTS = 100_000
_MOST_ROOTS = 10_000
_MOST_ROWS = 1_000_000_000
_MOST_BYTES = 2**40
EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,255}$")]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ManifestRefusedError(Exception):
    """It is none that this version can use. Its text is for people."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportedRoot(_Part):
    """A folder of the collection. `path_hex` are its bytes: a name need not be UTF-8."""

    id: UUID
    path: Annotated[str, Field(max_length=16_384)]
    path_hex: Annotated[str, Field(pattern=r"^2f([0-9a-f]{2}){0,4095}$")]

    @classmethod
    def of(cls, root: Root) -> ExportedRoot:
        return cls(id=root.id, path=display_text(root.path), path_hex=root.path.hex())

    @property
    def root(self) -> Root:
        return Root(self.id, bytes.fromhex(self.path_hex))

    @model_validator(mode="after")
    def _is_plain(self) -> Self:
        path = bytes.fromhex(self.path_hex)
        names = path.split(b"/")[1:]
        if b"\0" in path or (path != b"/" and any(one in (b"", b".", b"..") for one in names)):
            raise ValueError("a root's path is absolute, without dots and empty names")
        return self


class ExportedCollection(_Part):
    """`identity` is what the ids of its images hang on."""

    name: Annotated[str, Field(pattern=f"^{COLLECTION_NAME.pattern}$")]
    identity: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
    roots: Annotated[tuple[ExportedRoot, ...], Field(max_length=_MOST_ROOTS)]


class ExportedModel(_Part):
    """That made the vectors."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    weights: Annotated[str, Field(max_length=1024)]
    fingerprint: _Name
    dim: Annotated[int, Field(ge=1, le=65_536)]


class ExportedFile(_Part):
    """One Parquet file of the export."""

    name: Annotated[str, Field(pattern=r"^images-[0-9]{5}\.parquet$")]
    rows: Annotated[int, Field(ge=1, le=_MOST_ROWS)]
    size_bytes: Annotated[int, Field(ge=1, le=_MOST_BYTES)]
    sha256: _Hash


class Manifest(_Part):
    """`filters`: those that the images met, and as `ids` which were named; null: all are in it.

    `upload_version` and `picture_version` name how pictures were prepared for the model, and
    thumbnails made, when it was written: where they are the same, nothing is made again.
    """

    format: Literal["photoseek-export"] = "photoseek-export"
    format_version: Literal[1] = FORMAT_VERSION
    name: Annotated[str, Field(pattern=f"^{EXPORT_NAME.pattern}$")]
    job_id: _Name
    created_at: AwareDatetime
    made_by: Annotated[str, Field(max_length=255)]
    collection: ExportedCollection
    model: ExportedModel
    upload_version: _Name
    picture_version: _Name
    vectors: bool
    thumbnails: bool
    filters: dict[str, JsonValue] | None
    store_version: Annotated[int, Field(ge=0, le=2**63 - 1)]
    rows: Annotated[int, Field(ge=0, le=_MOST_ROWS)]
    files: Annotated[tuple[ExportedFile, ...], Field(max_length=_MOST_PARTS)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.rows != sum(one.rows for one in self.files):
            raise ValueError("the rows of its files do not add up to its own")
        roots = self.collection.roots
        for named in ([one.name for one in self.files], [one.id for one in roots]):
            if len(set(named)) < len(named):
                raise ValueError(f"{named[0]} and others: one of them is there twice")
        return self

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.files)

    def json_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"


class _AnyVersion(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: Literal["photoseek-export"]
    format_version: int


def manifest_of(content: bytes) -> Manifest:
    """Raises ManifestRefusedError."""
    try:
        said = _AnyVersion.model_validate_json(content)
        if said.format_version != FORMAT_VERSION:
            raise ManifestRefusedError(
                f"it is of format version {said.format_version}, and this Photoseek reads "
                f"{FORMAT_VERSION}"
            )
        return Manifest.model_validate_json(content)
    except ValidationError as exc:
        raise ManifestRefusedError(fault_text(exc)) from exc


def fault_text(exc: ValidationError) -> str:
    """The first fault, for people."""
    fault = exc.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(one) for one in fault["loc"])
    said = fault["msg"].removeprefix("Value error, ")
    text = f"{where}: {said}" if where else said
    return text.encode("utf-8", "backslashreplace").decode()[:300]


def file_name(number: int) -> str:
    """Of the n-th file of an export, from 0."""
    return f"images-{number:05d}.parquet"


def is_export_name(name: str) -> bool:
    """Letters, digits, `_`, `.` and `-`, at most 128, not beginning with a mark."""
    return EXPORT_NAME.fullmatch(name) is not None
