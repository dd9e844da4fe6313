"""Where the next page of a list begins: a text that a client hands back.

It holds what the last picture is sorted by, and its row, so that the next page costs as much as
the first, and repeats nothing however many pictures come or go meanwhile. It is neither secret nor
signed: who makes one up gets a page of what he may see anyway.
"""

from __future__ import annotations

import struct
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library import checked_text
from ingestion_orchestration_fastapi_app.domain.library.catalogue.catalogue_rows import Position

_FORM = 2  # 1 is that of searches
_HAS_VALUE, _HAS_KEY = 1, 2
_HEAD = struct.Struct("<BBqq16s16s")  # form, what there is, value, row, root, what was asked
_NO_ROOT = UUID(int=0)


def written(position: Position, asked: bytes) -> str:
    """`asked` is a digest of 16 bytes of all that must be the same on the next page."""
    key = position.key or FileKey(_NO_ROOT, b"")
    has = _HAS_VALUE * (position.value is not None) | _HAS_KEY * (position.key is not None)
    head = _HEAD.pack(_FORM, has, position.value or 0, position.row, key.root_id.bytes, asked)
    content = head + key.path
    return checked_text.written(content)


def read(text: str) -> tuple[Position, bytes] | None:
    """The position, and what was asked; None for what `written` never gave."""
    content = checked_text.read(text)
    if content is None or len(content) < _HEAD.size:
        return None
    form, has, value, row, root_id, asked = _HEAD.unpack_from(content)
    if form != _FORM or has not in (0, _HAS_VALUE, _HAS_KEY):
        return None
    key = FileKey(UUID(bytes=root_id), content[_HEAD.size :]) if has == _HAS_KEY else None
    return Position(value if has == _HAS_VALUE else None, row, key), asked
