"""Fakes that obey the pipeline's ports: a folder, a decoder and an inference service in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import numpy as np

from ingestion_orchestration_fastapi_app.core.files import (
    File,
    FileStat,
    Metadata,
    Picture,
    Root,
    Vector,
)
from ingestion_orchestration_fastapi_app.core.identity import root_at
from ingestion_orchestration_fastapi_app.core.records import (
    Content,
    Embedded,
    Prepared,
    ScanFault,
    Skipped,
    Upload,
)
from utils.contract import (
    PPM_MEDIA_TYPE,
    Capabilities,
    CaptionCapabilities,
    CaptionUpload,
    ClipCapabilities,
    ClipUpload,
    ErrorCode,
    QueueCapabilities,
    UploadSpec,
)
from utils.problems import Rejected

DIM = 8
FINGERPRINT = "fake-model-0001"
OLD_NS = 1_000_000_000_000_000_000


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


@dataclass(slots=True)
class FakeFile:
    data: bytes
    mtime_ns: int = OLD_NS
    settled: bool = True


class FakeLibrary:
    """Files by absolute path. Content that begins with `image` is one."""

    def __init__(self, root: bytes = b"/photos") -> None:
        self.root = root_at(root)
        self.files: dict[bytes, FakeFile] = {}
        self.opened: list[bytes] = []
        self.group_files = 3
        self.need_bytes = 1000
        self.faults: list[ScanFault] = []

    def put(
        self, path: bytes, data: bytes, *, mtime_ns: int = OLD_NS, settled: bool = True
    ) -> None:
        self.files[path] = FakeFile(data, mtime_ns, settled)

    async def scan(
        self, directory: bytes, *, recursive: bool, roots: Sequence[Root]
    ) -> AsyncIterator[list[File] | ScanFault]:
        for fault in self.faults:
            yield fault
        paths = sorted(self.files)
        for start in range(0, len(paths), self.group_files):
            await anyio.lowlevel.checkpoint()
            yield [self._file(path) for path in paths[start : start + self.group_files]]

    def _file(self, path: bytes) -> File:
        found = self.files[path]
        stat = FileStat(len(found.data), found.mtime_ns, found.mtime_ns)
        return File(self.root, path, stat)

    async def open(self, file: File) -> FakeOpenFile | Rejected | Skipped:
        await anyio.lowlevel.checkpoint()
        self.opened.append(file.path)
        if file.path not in self.files:
            return Rejected(ErrorCode.FILE_NOT_FOUND, "gone")
        if not self.files[file.path].data:
            return Rejected(ErrorCode.FILE_EMPTY, "empty")
        if not self.files[file.path].data.startswith(b"image"):
            return Skipped("no image")
        return FakeOpenFile(self, self._file(file.path))

    async def read_again(self, path: bytes) -> bytes | Rejected:
        return self.files[path].data


class FakeOpenFile:
    def __init__(self, library: FakeLibrary, file: File) -> None:
        self._library = library
        self._file = file
        self.need_bytes = library.need_bytes

    async def read(self) -> Content | Rejected:
        await anyio.lowlevel.checkpoint()
        found = self._library.files[self._file.path]
        return Content(
            file=self._file,
            data=found.data,
            sha256=hashlib.sha256(found.data).digest(),
            format="jpeg",
            metadata=Metadata(),
            settled=found.settled,
        )

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


class FakePreparation:
    """Content with `corrupt` in it cannot be decoded."""

    version = "fake-1"

    def __init__(self) -> None:
        self.prepared: list[bytes] = []

    async def prepare(self, content: Content, clip: ClipUpload) -> Prepared | Rejected:
        await anyio.lowlevel.checkpoint()
        assert content.data, "the bytes must still be there"
        self.prepared.append(content.file.path)
        if b"corrupt" in content.data:
            return Rejected(ErrorCode.DECODING_IMAGE, "corrupt")
        picture = Picture(
            format="jpeg",
            width_px=4,
            height_px=3,
            phash=int.from_bytes(content.sha256[:8], "little"),
            partial=False,
            rung="image",
            thumbnail=b"webp" + content.sha256,
        )
        return Prepared(picture=picture, upload=Upload(content.data, PPM_MEDIA_TYPE))


Behaviour = Callable[[Mapping[str, Upload]], None]


@dataclass
class FakeInference:
    """Answers at once, after `behaviour` had its chance to raise what a real service causes."""

    behaviour: Behaviour = lambda uploads: None
    told: Capabilities = field(default_factory=capabilities)
    batches: list[list[bytes]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    async def capabilities(self) -> Capabilities:
        await anyio.lowlevel.checkpoint()
        return self.told

    async def embed(
        self, uploads: Mapping[str, Upload], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await anyio.lowlevel.checkpoint()
            self.behaviour(uploads)
        finally:
            self.running -= 1
        self.batches.append([upload.data for upload in uploads.values()])
        answers: dict[str, Embedded | Rejected] = {}
        for upload_id, upload in reversed(list(uploads.items())):  # in another order
            if b"unembeddable" in upload.data:
                answers[upload_id] = Rejected(ErrorCode.CLIP_INFER, "no vector")
            else:
                answers[upload_id] = Embedded(vector_of(upload.data))
        return answers

    async def embed_text(self, text: str) -> tuple[Vector, str]:
        return vector_of(text.encode()), self.told.clip.fingerprint

    async def embed_image(self, data: bytes) -> tuple[Vector, str]:
        return vector_of(data), self.told.clip.fingerprint

    @property
    def inferred(self) -> list[bytes]:
        return [data for batch in self.batches for data in batch]
