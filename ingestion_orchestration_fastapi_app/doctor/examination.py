"""One file, opened, read and decoded as an import does it; each step timed, each fault kept."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    open_regular,
    refusal,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.sidecars import (
    beside_in,
    companions_in,
    read_sidecar,
    sidecars_of,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import read_whole
from ingestion_orchestration_fastapi_app.doctor.explained import Explained, explained
from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, root_at
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.formats import Format
from utils.imaging.turning import turned_size
from utils.problems import Problem, Rejected
from utils.sandbox.pool import DecoderPool, DecodersDownError

CLIP = ClipUpload(side_px=224, crop="center")  # what most models see
T = TypeVar("T")


@dataclass(slots=True)
class Examination:
    """What was found before the file ended or failed; None is unknown.

    `pixel_source`: `image`, `preview` or `developed`. `ms` are of the steps, in their order.
    """

    path: bytes
    size_bytes: int | None = None
    format: Format | None = None
    pixel_source: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    partial: bool = False
    metadata: Explained | None = None
    sidecars: tuple[bytes, ...] = ()
    companions: tuple[bytes, ...] = ()
    ms: dict[str, float] = field(default_factory=dict)
    skipped: str | None = None
    fault: Rejected | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        return "failed" if self.fault else "skipped" if self.skipped is not None else "read"

    async def timed(self, step: str, work: Callable[[], Awaitable[T]]) -> T:
        started_s = time.perf_counter()
        try:
            return await work()
        finally:
            self.ms[step] = round((time.perf_counter() - started_s) * 1000, 1)


class Examiner:
    """Never raises for what a file holds. `files` may read anything that the user may."""

    def __init__(self, files: LocalFiles, pool: DecoderPool, *, max_pixels: int) -> None:
        self._files = files
        self._pool = pool
        self._max_pixels = max_pixels

    async def examine(self, path: bytes) -> Examination:
        """`path` is absolute."""
        found = Examination(path)
        try:
            await self._examine(found)
        except ImageUnreadableError as exc:
            found.fault = Rejected(exc.code, exc.detail)
        except DecodersDownError as exc:
            found.fault = Rejected(ErrorCode.DECODERS, f"{exc}: no fault of the file")
        except Problem as exc:  # of this machine: no descriptors, no memory
            found.fault = Rejected(exc.code, exc.detail)
        return found

    async def _examine(self, found: Examination) -> None:
        try:
            await self._steps(found)
        except OSError as exc:
            found.fault = refusal(exc)

    async def _steps(self, found: Examination) -> None:
        file = await found.timed("look", lambda: to_thread.run_sync(_file_at, found))
        content = await self._content(found, file)
        if content is None:
            return
        known = Format(content.format)
        found.metadata = await found.timed(
            "metadata", lambda: to_thread.run_sync(_explained, found, content)
        )
        turn = found.metadata.chosen.sidecar_turn
        size = await (self._raw(found) if known.is_raw else self._image(found, content))
        found.width_px, found.height_px = turned_size(size, turn)

    async def _content(self, found: Examination, file: File) -> Content | None:
        opened = await found.timed("open", lambda: self._files.open(file))
        if isinstance(opened, Skipped):
            found.skipped = opened.detail
            return None
        if isinstance(opened, Rejected):
            found.fault = opened
            return None
        try:
            content = await found.timed("read", opened.read)
        finally:
            await opened.close()
        if isinstance(content, Rejected):
            found.fault = content
            return None
        found.format = Format(content.format)
        return content

    async def _image(self, found: Examination, content: Content) -> tuple[int, int]:
        decoded = await found.timed(
            "decode",
            lambda: self._pool.open_upright(
                content.data, min_side_px=2 * CLIP.side_px, max_pixels=self._max_pixels
            ),
        )
        found.pixel_source, found.partial = "image", decoded.partial
        return decoded.size

    async def _raw(self, found: Examination) -> tuple[int, int]:
        """By its preview, or developed as an inference service would do it."""
        descriptor = open_regular(found.path)
        if not isinstance(descriptor, int):
            raise ImageUnreadableError(ErrorCode.FILE_CHANGED, "it was replaced meanwhile")
        try:
            raw = await found.timed(
                "preview",
                lambda: self._pool.read_preview(
                    descriptor, min_side_px=2 * CLIP.side_px, max_pixels=self._max_pixels
                ),
            )
            size = (raw.width_px, raw.height_px)
            if raw.preview is None:
                found.notes.append("no preview inside that shows the whole picture")
            elif raw.is_large_enough(CLIP.side_px):
                found.pixel_source = "preview"
                return size
            else:
                width, height = raw.preview.size
                found.notes.append(f"the preview inside is small: {width} x {height} pixels")
            length = os.fstat(descriptor).st_size
            data, _, _ = await to_thread.run_sync(read_whole, descriptor, length)
        finally:
            os.close(descriptor)
        await found.timed(
            "develop",
            lambda: self._pool.decode_for_models(
                data, CLIP, whole_side_px=0, max_pixels=self._max_pixels
            ),
        )
        found.pixel_source = "developed"
        return size


def _file_at(found: Examination) -> File:
    """As a scan of its folder would meet it. Blocking."""
    folder, _, name = found.path.rpartition(b"/")
    root = root_at(folder or b"/")
    status = os.stat(found.path, follow_symlinks=False)
    found.size_bytes = status.st_size
    with suppress(PermissionError):  # a folder that may be gone through and not listed
        listing = os.open(folder or b"/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            beside = beside_in(listing)
            found.sidecars = sidecars_of(name, beside)
            found.companions = companions_in(name, beside)
        finally:
            os.close(listing)
    return File(root, name, file_stat(status), found.sidecars, found.companions)


def _explained(found: Examination, content: Content) -> Explained:
    """Blocking."""
    folder, _, name = found.path.rpartition(b"/")
    beside: list[tuple[str, bytes]] = []
    if found.sidecars:
        listing = os.open(folder or b"/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            beside = [(display_text(one), read_sidecar(listing, one)) for one in found.sidecars]
        finally:
            os.close(listing)
    return explained(
        content.data or _whole(found.path),
        Format(content.format),
        beside,
        path=(folder.rpartition(b"/")[2] + b"/" + name).decode("utf-8", "replace"),
        mtime_ns=content.file.stat.mtime_ns,
    )


def _whole(path: bytes) -> bytes:
    opened = open_regular(path)
    if not isinstance(opened, int):
        return b""
    try:
        return read_whole(opened, os.fstat(opened).st_size)[0]
    finally:
        os.close(opened)
