"""A multipart/form-data body that is never whole in memory, and whose length is known before."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping

from ingestion_orchestration_fastapi_app.adapters.local_files.original_file import OriginalFile
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Original, Sendable, Upload
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.contract import CAPTION_IMAGES_FIELD_0_1, IMAGE_TURN_HEADER
from utils.problems import Rejected


class MultipartBody:
    """One part an upload, in their order; a part's filename is its id, which needs no escaping.

    A whole picture is a part of its own, just before the upload that it belongs to.

    Iterating sends it, any number of times, one at a time. `faults` then holds the files that
    were not what they should be, by id, and `complete` says that the end was reached. Files
    are read in the threads of their roots. Bytes are passed on as they are, without a copy.
    """

    def __init__(self, field: str, uploads: Mapping[str, Sendable], threads: RootThreads) -> None:
        self._uploads = uploads
        self._threads = threads
        self._file: OriginalFile | None = None
        boundary = secrets.token_hex(16)
        self._heads = [
            _heads(boundary, field, part_id, upload, first=index == 0)
            for index, (part_id, upload) in enumerate(uploads.items())
        ]
        self._end = f"\r\n--{boundary}--\r\n".encode()
        length = sum(len(whole) + len(own) for whole, own in self._heads) + len(self._end)
        length += sum(upload.size_bytes for upload in uploads.values())
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(length),
        }
        self.faults: dict[str, Rejected] = {}
        self.complete = False

    def __enter__(self) -> MultipartBody:
        return self

    def __exit__(self, *_: object) -> None:
        """A transport may leave the body in the middle: what it was reading is closed here."""
        if self._file is not None:
            self._file.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.faults = {}
        self.complete = False
        for heads, (part_id, upload) in zip(self._heads, self._uploads.items(), strict=True):
            whole_head, head = heads
            if isinstance(upload, Upload) and upload.whole:
                yield whole_head
                yield upload.whole
            yield head
            if isinstance(upload, Original):
                async for chunk in self._chunks(part_id, upload):
                    yield chunk
            else:
                yield upload.data
        yield self._end
        self.complete = True

    async def _chunks(self, part_id: str, original: Original) -> AsyncIterator[bytes]:
        with OriginalFile(original) as file:
            self._file = file
            while chunk := await file.in_thread(self._threads, file.read):
                yield chunk
            if file.fault is not None:
                self.faults[part_id] = file.fault


def _heads(
    boundary: str, field: str, part_id: str, upload: Sendable, *, first: bool
) -> tuple[bytes, bytes]:
    """Those of the whole picture, empty where there is none, and of the upload."""
    kind = upload.media_type
    if isinstance(upload, Original) or not upload.whole:
        turn = upload.turn if isinstance(upload, Original) else None
        return b"", _head(boundary, field, part_id, kind, first=first, turn=turn)
    return (
        _head(boundary, CAPTION_IMAGES_FIELD_0_1, part_id, kind, first=first),
        _head(boundary, field, part_id, kind, first=False),
    )


def _head(
    boundary: str,
    field: str,
    part_id: str,
    media_type: str,
    *,
    first: bool,
    turn: int | None = None,
) -> bytes:
    """What stands between the part before and the bytes of this one."""
    ended = "" if first else "\r\n"
    turned = "" if turn is None else f"{IMAGE_TURN_HEADER}: {turn}\r\n"
    return (
        f"{ended}--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{field}"; '
        f'filename="{part_id}"\r\n'
        f"Content-Type: {media_type}\r\n{turned}\r\n"
    ).encode()
