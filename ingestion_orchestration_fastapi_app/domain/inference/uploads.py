"""What is read of a file and made of it for the inference service, and what that answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.library.picture import (
    DevelopedPreview,
    Picture,
    picture_key,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from utils.metadata.photo_metadata import Metadata
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class VectorKey:
    """`preparation` names how an upload is made from a file, version included.

    `sha256` is the content's picture key.
    """

    fingerprint: str
    preparation: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, read once. `format` by content; `mtime_trusted` as in FileRecord.

    Of a RAW `data` is empty: what needs its bytes opens the file again and sees to it that they
    are those of the hash.
    """

    file: File
    data: bytes
    sha256: bytes
    format: str
    metadata: Metadata
    mtime_trusted: bool

    @property
    def picture_key(self) -> bytes:
        """Names its pixels as they are shown and embedded: in the cache and in flight."""
        return picture_key(self.sha256, self.metadata.sidecar_turn)


@dataclass(frozen=True, slots=True)
class Skipped:
    """No image by its content."""

    detail: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What is sent for one image. `media_type` says what `data` is, and `whole`.

    `whole` is the whole picture for a captioner, where `data` is cropped and captions are wanted.
    """

    data: bytes
    media_type: str
    whole: bytes = b""

    @property
    def size_bytes(self) -> int:
        return len(self.data) + len(self.whole)

    @property
    def held_bytes(self) -> int:
        """What waiting to be sent takes of the memory."""
        return self.size_bytes


@dataclass(frozen=True, slots=True)
class Original:
    """A file that is sent as it is and read only while it is sent.

    Its size and mtime are those of the content whose hash is `sha256`: other bytes are no
    substitute. `turn` is what a sidecar turns the picture by: the service turns what models see,
    and not the thumbnail that it sends back.
    """

    file: File
    sha256: bytes
    media_type: str
    turn: int | None = None

    @property
    def size_bytes(self) -> int:
        return self.file.stat.size_bytes

    @property
    def held_bytes(self) -> int:
        return 0


Sendable: TypeAlias = Upload | Original


@dataclass(frozen=True, slots=True)
class Prepared:
    picture: Picture
    upload: Sendable


@dataclass(frozen=True, slots=True)
class Embedded:
    """`fault` is why there is no caption, where one was asked for; the vector is good.

    `developed_preview` is of an original, where the service gave one that can be shown.
    """

    vector: Vector
    caption: str | None = None
    caption_fingerprint: str | None = None
    fault: Rejected | None = None
    developed_preview: DevelopedPreview | None = None


@dataclass(frozen=True, slots=True)
class Captioned:
    """A batch's captions by id, and the fingerprint of who made them."""

    captions: Mapping[str, str | Rejected]
    fingerprint: str
