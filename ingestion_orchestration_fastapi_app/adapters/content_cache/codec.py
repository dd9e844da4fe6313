"""How vectors and pictures lie in the content cache: keys and bytes, never pickle.

A vector is its raw little-endian float32. A picture is four bytes of magic, the header's length,
the header (JSON) and the thumbnail. What cannot be read back is None: the caller forgets it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector

_MAGIC = b"PSP1"
_PREFIX = struct.Struct("<4sI")
_NORM_TOLERANCE = 1e-2  # any truncated or zeroed vector lies far outside


class _Header(BaseModel):
    """A picture without its thumbnail, whose length and checksum tell whether it is whole."""

    model_config = ConfigDict(strict=True, extra="forbid")

    format: str
    width_px: int
    height_px: int
    phash: int
    partial: bool
    rung: str
    thumbnail_bytes: int
    thumbnail_crc32: int


def vector_key(key: VectorKey) -> str:
    return f"{key.fingerprint}:{key.preparation}:{key.sha256.hex()}"


def picture_key(preparation: str, sha256: bytes) -> str:
    return f"picture:{preparation}:{sha256.hex()}"


def caption_key(fingerprint: str, sha256: bytes) -> str:
    return f"caption:{fingerprint}:{sha256.hex()}"


def caption_bytes(caption: str) -> bytes:
    text = caption.encode()
    return zlib.crc32(text).to_bytes(4) + text


def caption_of(data: bytes) -> str | None:
    """None unless it is whole."""
    if len(data) < 5 or zlib.crc32(data[4:]).to_bytes(4) != data[:4]:
        return None
    return data[4:].decode()


def vector_bytes(vector: Vector) -> bytes:
    return vector.astype("<f4", copy=False).tobytes()


def vector_of(data: bytes) -> Vector | None:
    """A writable vector; None unless it is finite and of unit norm."""
    if not data or len(data) % 4:
        return None
    vector = np.frombuffer(data, dtype="<f4").astype(np.float32)  # a copy: `data` is read-only
    with np.errstate(all="ignore"):  # garbage may overflow, and is refused just below
        norm = float(np.linalg.norm(vector))
    # A NaN anywhere makes the norm one, and it is near nothing.
    return vector if abs(norm - 1) < _NORM_TOLERANCE else None


def picture_bytes(picture: Picture) -> bytes:
    header = _Header(
        format=picture.format,
        width_px=picture.width_px,
        height_px=picture.height_px,
        phash=picture.phash,
        partial=picture.partial,
        rung=picture.pixel_source,
        thumbnail_bytes=len(picture.thumbnail),
        thumbnail_crc32=zlib.crc32(picture.thumbnail),
    )
    text = header.model_dump_json().encode()
    return _PREFIX.pack(_MAGIC, len(text)) + text + picture.thumbnail


def picture_of(data: bytes) -> Picture | None:
    if len(data) < _PREFIX.size:
        return None
    magic, length = _PREFIX.unpack_from(data)
    if magic != _MAGIC:
        return None
    end = _PREFIX.size + length
    try:
        header = _Header.model_validate_json(data[_PREFIX.size : end])
    except ValidationError:
        return None
    thumbnail = data[end:]
    if len(thumbnail) != header.thumbnail_bytes or zlib.crc32(thumbnail) != header.thumbnail_crc32:
        return None
    return Picture(
        format=header.format,
        width_px=header.width_px,
        height_px=header.height_px,
        phash=header.phash,
        partial=header.partial,
        pixel_source=header.rung,
        thumbnail=thumbnail,
    )
