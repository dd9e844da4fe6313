"""Uploads to pixels, while the rest of a body still arrives."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread
import numpy as np
import structlog
from anyio.abc import TaskGroup

from ml_inference_fastapi_app.backends.base import Picture
from ml_inference_fastapi_app.serving.multipart import Part
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import ImageUnreadableError, Squares, decode_for_models, squashed
from utils.imaging.formats import sniff
from utils.imaging.thumbnail import thumbnail_webp
from utils.imaging.turning import turned_square
from utils.problems import (
    MalformedMultipart,
    MlUnavailable,
    Problem,
    Rejected,
    resource_shortage,
)
from utils.sandbox.pool import DecoderPool, DecodersDownError, decodes_apart

log = structlog.stdlib.get_logger(__name__)

_PPM_HEADER = re.compile(rb"P6\s(\d{1,5})\s(\d{1,5})\s255\s")


def exact_ppm(data: bytes, *, side_px: int) -> Picture | None:
    """The pixels of a binary PPM of exactly the model's size, without a copy; otherwise None."""
    header = _PPM_HEADER.match(data)
    if header is None or header[1] != header[2] or int(header[1]) != side_px:
        return None
    if len(data) - header.end() != side_px * side_px * 3:
        return None
    return np.frombuffer(data, np.uint8, offset=header.end()).reshape(side_px, side_px, 3)


def squares_of(
    data: bytes, upload: ClipUpload, *, whole_side_px: int, max_pixels: int
) -> Squares | Rejected:
    """Any upload. Blocking: call it from a worker thread. Never raises for what is in `data`."""
    try:
        return decode_for_models(data, upload, whole_side_px=whole_side_px, max_pixels=max_pixels)
    except ImageUnreadableError as exc:
        return Rejected(exc.code, exc.detail)
    except Exception:
        log.exception("decoder_crashed", upload_bytes=len(data))
        return Rejected(
            ErrorCode.DECODING_IMAGE,
            "The image could not be decoded; the log of the service says why.",
        )


class Decoder:
    """Decodes for all requests; single images have a place of their own.

    Decoders that are not trusted run in the processes of `pool`, all else in threads.
    """

    def __init__(
        self,
        pool: DecoderPool,
        *,
        workers: int,
        max_pixels: int,
        max_undecoded_bytes: int,
        on_decoded: Callable[[float], None] = lambda _s: None,
    ) -> None:
        self._pool = pool
        self._batch_places = anyio.CapacityLimiter(workers)
        self._query_places = anyio.CapacityLimiter(1)
        self._max_pixels = max_pixels
        self.max_undecoded_bytes = max_undecoded_bytes
        self._on_decoded = on_decoded

    async def decode(self, data: bytes, upload: ClipUpload, *, query: bool) -> Picture | Rejected:
        """Raises MlUnavailable where the machine lets no decoder start, whatever the upload."""
        squares = await self.decode_both(data, upload, caption_side_px=0, query=query)
        return squares if isinstance(squares, Rejected) else squares.clip

    async def decode_both(
        self,
        data: bytes,
        upload: ClipUpload,
        *,
        caption_side_px: int,
        query: bool,
        small_side_px: int = 0,
    ) -> Squares | Rejected:
        """For a captioner as well, in one decode: see `decode_for_models`. Raises as `decode`."""
        if not data:
            return Rejected(ErrorCode.FILE_EMPTY, "The upload is empty.")
        exact = None if caption_side_px else exact_ppm(data, side_px=upload.side_px)
        if exact is not None:
            return Squares(exact)
        places = self._query_places if query else self._batch_places
        if decodes_apart(sniff(data)):
            async with places:
                return await self._decoded_isolated(data, upload, caption_side_px, small_side_px)

        def timed() -> Squares | Rejected:
            started_s = time.perf_counter()
            squares = squares_of(
                data, upload, whole_side_px=caption_side_px, max_pixels=self._max_pixels
            )
            self._on_decoded(time.perf_counter() - started_s)
            return squares

        return await anyio.to_thread.run_sync(timed, limiter=places)

    async def thumbnail(self, squares: Squares) -> bytes | None:
        """WebP, where there is a small picture. It came from a decoder as pixels, and no decoder's
        own bytes are passed on: it may have been taken over by a file."""
        small = squares.small
        if small is None:
            return None
        encode = partial(thumbnail_webp, small, max(small.size))
        return await anyio.to_thread.run_sync(encode, limiter=self._batch_places)

    async def _decoded_isolated(
        self, data: bytes, upload: ClipUpload, caption_side_px: int, small_side_px: int
    ) -> Squares | Rejected:
        started_s = time.perf_counter()
        try:
            return await self._pool.decode_for_models(
                data,
                upload,
                whole_side_px=caption_side_px,
                max_pixels=self._max_pixels,
                small_side_px=small_side_px,
            )
        except ImageUnreadableError as exc:
            return Rejected(exc.code, exc.detail)
        except DecodersDownError as exc:
            raise MlUnavailable("No decoder can be started; the service's log says why.") from exc
        finally:
            self._on_decoded(time.perf_counter() - started_s)


class BatchDecoding:
    """One request's uploads on their way to pixels. Its tasks belong to the task group given.

    With a `caption_side_px` each picture is made for a captioner too: from a caption image, which
    came just before, or else from the very upload. With a `thumbnail_side_px` RAWs get a thumbnail.
    """

    def __init__(
        self,
        decoder: Decoder,
        upload: ClipUpload,
        task_group: TaskGroup,
        *,
        caption_side_px: int = 0,
        thumbnail_side_px: int = 0,
    ) -> None:
        self._decoder = decoder
        self._upload = upload
        self._caption_side_px = caption_side_px
        self._thumbnail_side_px = thumbnail_side_px
        self._caption_part: Part | None = None
        self._task_group = task_group
        self.held_bytes = 0
        self._progress = anyio.Event()
        self.ids: list[str] = []
        # All three are complete once the task group has ended.
        self.pictures: list[Picture | Rejected] = []
        self.caption_images: list[Picture | Rejected | None] = []  # None: not asked for
        self.thumbnails: list[bytes | None] = []
        self.fault: Problem | None = None  # of the service: there are no results then

    def add(self, part: Part) -> None:
        """Results stand in the order of the calls, whichever decodes first."""
        index = len(self.ids)
        self.ids.append(part.filename or "")
        self.pictures.append(_UNDECODED)
        self.caption_images.append(None)
        self.thumbnails.append(None)
        caption_part, self._caption_part = self._caption_part, None
        if caption_part is not None and caption_part.filename != part.filename:
            raise MalformedMultipart(
                f"A whole picture is not of the image after it: {part.filename!r}."
            )
        if part.filename:
            exact = exact_ppm(part.data, side_px=self._upload.side_px)
            if exact is not None and not self._caption_side_px:
                # A task would take longer than the pixels do.
                self.pictures[index] = turned_square(exact, part.turn)
                return
            self.held_bytes += len(part.data)
            self._task_group.start_soon(self._decode, index, part, caption_part)
        else:
            self.pictures[index] = Rejected(
                ErrorCode.MALFORMED_MULTIPART, "The part has no filename, which is its id."
            )

    def add_caption_image(self, part: Part) -> None:
        """The whole picture of the image that comes next."""
        if self._caption_part is not None:
            raise MalformedMultipart("Two whole pictures came in a row.")
        if self._caption_side_px:
            self._caption_part = part
            self.held_bytes += len(part.data)

    async def room(self) -> None:
        """Waits while more bytes than allowed are held for decoding."""
        while self.held_bytes > self._decoder.max_undecoded_bytes:
            self._progress = anyio.Event()
            await self._progress.wait()

    async def _decode(self, index: int, part: Part, caption_part: Part | None) -> None:
        try:
            if self.fault is None:
                await self._decode_one(index, part, caption_part)
        except Exception as exc:
            self.fault = exc if isinstance(exc, MlUnavailable) else resource_shortage(exc)
            if self.fault is None:
                raise
            # Not raised: out of a task group it would come in another guise.
        self.held_bytes -= len(part.data) + (0 if caption_part is None else len(caption_part.data))
        self._progress.set()

    async def _decode_one(self, index: int, part: Part, caption_part: Part | None) -> None:
        decoder, side_px = self._decoder, 0 if caption_part is not None else self._caption_side_px
        squares = await decoder.decode_both(
            part.data,
            self._upload,
            caption_side_px=side_px,
            query=False,
            small_side_px=self._thumbnail_side_px,
        )
        if isinstance(squares, Rejected):
            self.pictures[index] = squares
            return
        self.pictures[index] = turned_square(squares.clip, part.turn)
        if squares.whole is not None:
            self.caption_images[index] = turned_square(squares.whole, part.turn)
        self.thumbnails[index] = await decoder.thumbnail(squares)
        if caption_part is not None:
            whole = squashed(self._caption_side_px)
            self.caption_images[index] = await decoder.decode(caption_part.data, whole, query=False)


_UNDECODED = Rejected(ErrorCode.INTERNAL, "Not decoded.")
