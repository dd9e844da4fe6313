"""Uploads to pixels: in threads, while the rest of a body still arrives."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import numpy as np
import numpy.typing as npt
import structlog
from anyio.abc import TaskGroup

from ml_inference_fastapi_app.multipart import Part
from utils.contract import ClipUpload, ErrorCode
from utils.image_decoding import ImageUnreadableError, decode_for_clip
from utils.problems import Rejected

log = structlog.stdlib.get_logger(__name__)

Picture = npt.NDArray[np.uint8]  # shape (side_px, side_px, 3), RGB

_PPM_HEADER = re.compile(rb"P6\s(\d{1,5})\s(\d{1,5})\s255\s")


def exact_ppm(data: bytes, *, side_px: int) -> Picture | None:
    """The pixels of a binary PPM of exactly the model's size, without a copy; otherwise None."""
    header = _PPM_HEADER.match(data)
    if header is None or header[1] != header[2] or int(header[1]) != side_px:
        return None
    if len(data) - header.end() != side_px * side_px * 3:
        return None
    return np.frombuffer(data, np.uint8, offset=header.end()).reshape(side_px, side_px, 3)


def picture_of(data: bytes, upload: ClipUpload, *, max_pixels: int) -> Picture | Rejected:
    """Any upload. Blocking: call it from a worker thread. Never raises for what is in `data`."""
    try:
        return decode_for_clip(data, upload, max_pixels=max_pixels)
    except ImageUnreadableError as exc:
        return Rejected(exc.code, exc.detail)
    except Exception:
        log.exception("decoder_crashed", upload_bytes=len(data))
        return Rejected(ErrorCode.DECODING_IMAGE, "The decoder failed on this image.")


class Decoder:
    """The threads that decode, for all requests; single images have one of their own."""

    def __init__(
        self,
        *,
        workers: int,
        max_pixels: int,
        max_undecoded_bytes: int,
        on_decoded: Callable[[float], None] = lambda _s: None,
    ) -> None:
        self._batch_threads = anyio.CapacityLimiter(workers)
        self._query_threads = anyio.CapacityLimiter(1)
        self._max_pixels = max_pixels
        self.max_undecoded_bytes = max_undecoded_bytes
        self._on_decoded = on_decoded

    async def decode(self, data: bytes, upload: ClipUpload, *, query: bool) -> Picture | Rejected:
        if not data:
            return Rejected(ErrorCode.FILE_EMPTY, "The upload is empty.")
        exact = exact_ppm(data, side_px=upload.side_px)
        if exact is not None:
            return exact
        limiter = self._query_threads if query else self._batch_threads

        def timed() -> Picture | Rejected:
            started_s = time.perf_counter()
            picture = picture_of(data, upload, max_pixels=self._max_pixels)
            self._on_decoded(time.perf_counter() - started_s)
            return picture

        return await anyio.to_thread.run_sync(timed, limiter=limiter)


class BatchDecoding:
    """One request's uploads on their way to pixels. Its tasks belong to the task group given."""

    def __init__(self, decoder: Decoder, upload: ClipUpload, task_group: TaskGroup) -> None:
        self._decoder = decoder
        self._upload = upload
        self._task_group = task_group
        self.held_bytes = 0
        self._progress = anyio.Event()
        self.ids: list[str] = []
        self.pictures: list[Picture | Rejected] = []  # whole once the task group has ended

    def add(self, part: Part) -> None:
        """Results stand in the order of the calls, whichever decodes first."""
        index = len(self.ids)
        self.ids.append(part.filename or "")
        self.pictures.append(_UNDECODED)
        if part.filename:
            self.held_bytes += len(part.data)
            self._task_group.start_soon(self._decode, index, part.data)
        else:
            self.pictures[index] = Rejected(
                ErrorCode.MALFORMED_MULTIPART, "The part has no filename, which is its id."
            )

    async def room(self) -> None:
        """Waits while more bytes than allowed are held for decoding."""
        while self.held_bytes > self._decoder.max_undecoded_bytes:
            self._progress = anyio.Event()
            await self._progress.wait()

    async def _decode(self, index: int, data: bytes) -> None:
        self.pictures[index] = await self._decoder.decode(data, self._upload, query=False)
        self.held_bytes -= len(data)
        self._progress.set()


_UNDECODED = Rejected(ErrorCode.INTERNAL, "Not decoded.")
