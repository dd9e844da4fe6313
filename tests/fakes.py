"""Fakes that obey the pipeline's ports: a folder, a decoder and an inference service in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

import anyio
import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileStat, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within, root_at
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Original,
    Prepared,
    Skipped,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.contract import (
    PPM_MEDIA_TYPE,
    RAW_MEDIA_TYPE,
    Capabilities,
    CaptionCapabilities,
    CaptionUpload,
    ClipCapabilities,
    ClipUpload,
    ErrorCode,
    ModelCapabilities,
    ModelState,
    QueueCapabilities,
    UploadSpec,
)
from utils.metadata.photo_metadata import Metadata
from utils.problems import Rejected
from utils.sandbox.pool import DecodersDownError

DIM = 8
FINGERPRINT = "fake-model-0001"
OLD_NS = 1_000_000_000_000_000_000


def root_threads(each: int = 4) -> RootThreads:
    """All paths are in one root."""
    return RootThreads(lambda _: b"/", each=each)


def vector_of(data: bytes) -> Vector:
    """A unit vector that depends on every byte: a shifted or swapped one shows."""
    seed = int.from_bytes(hashlib.sha256(data).digest()[:8], "little")
    raw = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    return raw / np.linalg.norm(raw)


def capabilities(
    *, safe_batch: int = 8, limit: int = 2, fingerprint: str = FINGERPRINT
) -> Capabilities:
    return Capabilities(
        safe_clip_batch=safe_batch,
        safe_blip_batch=0,
        recommended_batch=safe_batch,
        max_request_bytes=1_000_000,
        upload=UploadSpec(
            clip=ClipUpload(side_px=8, crop="center"),
            caption=CaptionUpload(side_px=8),
            encodings=(PPM_MEDIA_TYPE,),
        ),
        clip=ClipCapabilities(
            model="fake",
            weights="fake",
            dim=DIM,
            image_size=8,
            fingerprint=fingerprint,
            trained=True,
            dtype="float32",
            backend="fake",
            compiled=False,
        ),
        captions=CaptionCapabilities(available=False),
        device="fake",
        queue=QueueCapabilities(running=0, waiting=0, limit=limit),
        images_per_s=None,
    )


def model_of(
    fingerprint: str, *, safe_batch: int = 8, side_px: int = 8, default: bool = False
) -> ModelCapabilities:
    """One of several models of a service."""
    return ModelCapabilities(
        model=f"fake {fingerprint}",
        weights="fake",
        fingerprint=fingerprint,
        dim=DIM,
        image_size=side_px,
        trained=True,
        safe_clip_batch=safe_batch,
        upload=ClipUpload(side_px=side_px, crop="center"),
        state=ModelState.LOADED,
        default=default,
    )


@dataclass(slots=True)
class FakeFile:
    data: bytes
    mtime_ns: int = OLD_NS
    settled: bool = True
    sidecar_mark: int = 0


class FakeLibrary:
    """Files by absolute path. Content that begins with `image` is one, `image raw` a RAW."""

    def __init__(self, root: bytes = b"/photos") -> None:
        self.root = root_at(root)
        self.files: dict[bytes, FakeFile] = {}
        self.opened: list[bytes] = []
        self.group_files = 3
        self.need_bytes = 1000
        self.reserved_for_px: set[int] = set()  # sides at which files were to be decoded
        self.faults: list[ScanFault] = []
        self.stalls: list[Rejected] = []  # of scans of the root, before they go on
        self.devices: dict[bytes, int] = {self.root.path: 1}
        self.metadata: dict[bytes, Metadata] = {}  # by relative path, where there is any
        self.allowed = True
        self.failing: Callable[[bytes], bool] = lambda path: False  # what the disk fails to read
        self.passed_over: set[bytes] = set()  # absolute; whatever is there is never met

    def put(
        self,
        path: bytes,
        data: bytes,
        *,
        mtime_ns: int = OLD_NS,
        settled: bool = True,
        sidecar_mark: int = 0,
    ) -> None:
        self.files[path] = FakeFile(data, mtime_ns, settled, sidecar_mark)

    async def scan(
        self,
        directory: bytes,
        *,
        recursive: bool,
        roots: Sequence[Root],
        names: frozenset[bytes] | None = None,
        excluded: Collection[bytes] = (),
    ) -> AsyncIterator[list[File] | Mounted | ScanFault | ScanStalled]:
        while self.stalls:
            yield ScanStalled(directory, self.stalls.pop())
        for path, device in self.devices.items():
            yield Mounted(path, device)
        for fault in self.faults:
            yield fault
        paths = [one for one in sorted(self.files) if names is None or one in names]
        for start in range(0, len(paths), self.group_files):
            await anyio.lowlevel.checkpoint()
            files = [self._file(path) for path in paths[start : start + self.group_files]]
            yield [
                one for one in files if not any(is_within(one.absolute, out) for out in excluded)
            ]

    def passes_over(self, path: bytes, *, below: bytes, is_folder: bool) -> bool:
        return path in self.passed_over

    async def gone(
        self, paths: Sequence[bytes], *, below: bytes, are_folders: bool = False
    ) -> list[bool]:
        await anyio.lowlevel.checkpoint()
        there = {self._file(path).absolute for path in self.files}
        return [path not in there and path not in self.passed_over for path in paths]

    async def known_as(self, directory: bytes, roots: Sequence[Root]) -> bytes:
        await anyio.lowlevel.checkpoint()
        return directory

    async def is_bare(self, folder: bytes) -> bool:
        await anyio.lowlevel.checkpoint()
        found = [self._file(path).absolute for path in self.files]
        return not any(is_within(path, folder) for path in found)

    async def is_allowed(self, directory: bytes) -> bool:
        await anyio.lowlevel.checkpoint()
        return self.allowed

    def _file(self, path: bytes) -> File:
        found = self.files[path]
        stat = FileStat(len(found.data), found.mtime_ns, found.mtime_ns, found.sidecar_mark)
        return File(self.root, path, stat)

    async def read_fault(self, file: File) -> Rejected | None:
        await anyio.lowlevel.checkpoint()
        if self.failing(file.path):
            return Rejected(ErrorCode.FILE_READ, "input/output error")
        return None

    async def open(self, file: File) -> FakeOpenFile | Rejected | Skipped:
        await anyio.lowlevel.checkpoint()
        self.opened.append(file.path)
        if self.failing(file.path):
            return Rejected(ErrorCode.FILE_READ, "input/output error")
        if file.path not in self.files:
            return Rejected(ErrorCode.FILE_NOT_FOUND, "gone")
        if not self.files[file.path].data:
            return Rejected(ErrorCode.FILE_EMPTY, "empty")
        if not self.files[file.path].data.startswith(b"image"):
            return Skipped("no image")
        return FakeOpenFile(self, self._file(file.path))


class FakeOpenFile:
    def __init__(self, library: FakeLibrary, file: File) -> None:
        self._library = library
        self._file = file

    def need_bytes(self, *, min_side_px: int) -> int:
        self._library.reserved_for_px.add(min_side_px)
        return self._library.need_bytes

    async def read(self) -> Content | Rejected:
        await anyio.lowlevel.checkpoint()
        found = self._library.files[self._file.path]
        is_raw = found.data.startswith(b"image raw")
        return Content(
            file=self._file,
            data=b"" if is_raw else found.data,
            sha256=hashlib.sha256(found.data).digest(),
            format="dng" if is_raw else "jpeg",
            metadata=self._library.metadata.get(self._file.path, Metadata()),
            mtime_trusted=found.settled,
        )

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


class FakePreparation:
    """Content with `corrupt` in it cannot be decoded; a RAW is sent as it is, or is `lost`."""

    upload_version = "fake-1"
    earlier_upload_versions: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.picture_version = "fake-1"
        self.reader_version = "fake-1"
        self.prepared: list[bytes] = []
        self.down = 0  # so often no decoder can be started
        self.lost: set[bytes] = set()
        self.late: set[bytes] = set()  # not decoded in time

    def min_side_px(self, clip: ClipUpload, *, whole_side_px: int = 0) -> int:
        return max(2 * clip.side_px, 2 * whole_side_px)

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected:
        await anyio.lowlevel.checkpoint()
        if self.down:
            self.down -= 1
            raise DecodersDownError("no decoder can be started")
        self.prepared.append(content.file.path)
        if content.file.path in self.lost:
            return Rejected(ErrorCode.FILE_CHANGED, "changed")
        if content.file.path in self.late:
            return Rejected(ErrorCode.DECODING_TIMEOUT, "late")
        assert content.data or content.format == "dng", "the bytes must still be there"
        if b"corrupt" in content.data:
            return Rejected(ErrorCode.DECODING_IMAGE, "corrupt")
        picture = Picture(
            format="jpeg",
            width_px=4,
            height_px=3,
            phash=int.from_bytes(content.sha256[:8], "little"),
            partial=False,
            pixel_source="image",
            thumbnail=b"webp" + content.sha256,
        )
        if content.format == "dng":
            return Prepared(picture, Original(content.file, content.sha256, RAW_MEDIA_TYPE))
        whole = content.data if whole_side_px else b""
        return Prepared(picture=picture, upload=Upload(content.data, PPM_MEDIA_TYPE, whole))
