"""All of a file: the bytes of an open one and their SHA-256, or a text. Blocking."""

from __future__ import annotations

import hashlib
import os

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.resources.root_threads import note_alive
from utils.problems import ValidationProblem

MAX_TEXT_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_PIECE_BYTES = (
    64 * 1024 * 1024
)  # a slow share gives so much long before it counts as one that hangs


def hash_whole(descriptor: int, size_bytes: int) -> tuple[bytes, bytes, int]:
    """As `read_whole`, but the bytes are let go as they are hashed: none are returned."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    position = 0
    while position <= size_bytes:
        count = os.preadv(descriptor, [buffer[: size_bytes + 1 - position]], position)
        if not count:
            break
        note_alive()
        digest.update(buffer[:count])
        position += count
    return b"", digest.digest(), position


def read_whole(descriptor: int, size_bytes: int) -> tuple[bytes, bytes, int]:
    """Bytes, their SHA-256, how many were read: at most what the file was said to hold + 1."""
    chunks: list[bytes] = []
    position = 0
    while position <= size_bytes:
        wanted = size_bytes + 1 - position  # one more: has it grown?
        # In one piece, where it is no giant: joining takes as long again.
        chunk = os.pread(descriptor, min(wanted, _PIECE_BYTES), position)
        if not chunk:
            break
        note_alive()
        chunks.append(chunk)
        position += len(chunk)
    data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return data, hashlib.sha256(data).digest(), len(data)


def read_text(path: bytes) -> str:
    """Whether its folder may be looked at has been asked before. Blocking.

    Raises ValidationProblem where it is no regular file, too large, or no UTF-8.
    """
    opened = open_regular(path)
    if not isinstance(opened, int):
        raise ValidationProblem(f"The file of captions cannot be read: {opened.detail}.")
    try:
        size_bytes = os.fstat(opened).st_size
        if size_bytes > MAX_TEXT_BYTES:
            raise ValidationProblem(f"The file of captions is larger than {MAX_TEXT_BYTES} bytes.")
        data, _, _ = read_whole(opened, size_bytes)
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ValidationProblem("The file of captions is no text in UTF-8.") from exc
    except OSError as exc:
        raise ValidationProblem("The file of captions cannot be read.") from exc
    finally:
        os.close(opened)
