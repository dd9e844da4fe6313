"""A RAW that must be developed: its file is sent as it is, and never lies in memory."""

from __future__ import annotations

import base64
import errno
import hashlib
import itertools
import json
import os
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
import numpy as np
import pytest
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from ingestion_orchestration_fastapi_app.adapters.inference_http.client import InferenceClient
from ingestion_orchestration_fastapi_app.adapters.local_files import original_file
from ingestion_orchestration_fastapi_app.adapters.local_files.original_file import CHUNK_BYTES
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import (
    open_regular,
    refusal,
)
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Embedded,
    Original,
    Sendable,
    Skipped,
    Upload,
)
from ingestion_orchestration_fastapi_app.errors import Overloaded
from tests.fakes import root_threads
from tests.picture_files import file_at, scene
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ErrorCode
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

MIB = 1024**2
_NAME = re.compile(rb'filename="([^"]{1,50})"')
VECTOR = base64.b64encode(np.asarray([1, 0], dtype="<f4").tobytes()).decode()


def original(path: Path) -> Original:
    """As it is when this is called."""
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").digest()
    return Original(file_at(path), sha256, RAW_MEDIA_TYPE)


def large(path: Path, number: int, *, size_bytes: int = 60 * MIB) -> Original:
    """Sparse, and unlike any other number's."""
    with open(path, "wb") as file:
        file.write(b"II*\0%d" % number)
        file.truncate(size_bytes)
    return original(path)


@dataclass
class Sink:
    """A service on the loopback that keeps nothing but what it was asked to; one vector a part.

    `on_chunk` hears how many bytes of a body have arrived.
    """

    port: int = 0
    on_chunk: Callable[[int], None] = lambda received: None
    received: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            incoming = BufferedByteReceiveStream(stream)
            while True:
                try:
                    head = (await incoming.receive_until(b"\r\n\r\n", 16_384)).decode()
                except (anyio.EndOfStream, anyio.IncompleteRead):
                    return
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
                ids = await self._body(incoming, int(headers["content-length"]))
                results = [{"id": one, "embedding": VECTOR} for one in ids]
                body = json.dumps({"results": results, "fingerprint": "f"}).encode()
                await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                await stream.send(body)

    async def _body(self, incoming: BufferedByteReceiveStream, length: int) -> list[str]:
        received = 0
        ids: list[str] = []
        unsearched = b""  # a name may be cut in two
        while received < length:
            chunk = await incoming.receive(min(64 * 1024, length - received))
            received += len(chunk)
            *names, rest = _NAME.split(unsearched + chunk)
            ids += [name.decode() for name in names[1::2]]
            unsearched = rest[-100:]
            self.on_chunk(received)
        self.received.append(received)
        self.ids += ids
        return ids

    async def embed(self, uploads: dict[str, Sendable]) -> dict[str, Embedded | Rejected]:
        async with httpx.AsyncClient(trust_env=False) as http:
            client = InferenceClient(
                http,
                url=f"http://127.0.0.1:{self.port}",
                threads=root_threads(),
                request_timeout_s=20,
                query_timeout_s=5,
            )
            return await client.embed(uploads, captions=False, fingerprint="f")


@asynccontextmanager
async def a_sink() -> AsyncIterator[Sink]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    sink = Sink(port=listener.extra(anyio.abc.SocketAttribute.local_port))
    async with listener, anyio.create_task_group() as tg:
        tg.start_soon(listener.serve, sink.serve)
        yield sink
        tg.cancel_scope.cancel()


def codes(answers: dict[str, Embedded | Rejected]) -> dict[str, ErrorCode | None]:
    return {
        one: answer.code if isinstance(answer, Rejected) else None
        for one, answer in answers.items()
    }


async def test_eight_files_of_60_mb_take_a_few_megabytes_of_memory(tmp_path: Path) -> None:
    files: dict[str, Sendable] = {str(n): large(tmp_path / f"{n}.dng", n) for n in range(8)}
    async with a_sink() as sink:
        tracemalloc.start()
        try:
            answers = await sink.embed(files)
            _now, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert codes(answers) == dict.fromkeys(files)
    assert sink.received[0] > 8 * 60 * MIB
    assert peak_bytes < 12 * MIB


async def test_a_file_that_changed_before_it_was_sent_is_not_sent(tmp_path: Path) -> None:
    files: dict[str, Sendable] = {
        name: large(tmp_path / name, number, size_bytes=MIB)
        for number, name in enumerate(("stays", "touched", "longer", "gone", "linked"))
    }
    os.utime(tmp_path / "touched", ns=(1, 1))
    os.truncate(tmp_path / "longer", MIB + 1)
    (tmp_path / "gone").unlink()
    (tmp_path / "linked").unlink()
    (tmp_path / "linked").symlink_to(tmp_path / "stays")
    async with a_sink() as sink:
        answers = await sink.embed(files)
    assert sink.ids == ["stays"]
    assert codes(answers) == {
        "stays": None,
        "touched": ErrorCode.FILE_CHANGED,
        "longer": ErrorCode.FILE_CHANGED,
        "gone": ErrorCode.FILE_NOT_FOUND,
        "linked": ErrorCode.FILE_CHANGED,
    }


async def test_where_every_file_changed_nothing_is_asked(tmp_path: Path) -> None:
    files: dict[str, Sendable] = {"a": large(tmp_path / "a", 1, size_bytes=MIB)}
    os.utime(tmp_path / "a", ns=(1, 1))
    async with a_sink() as sink:
        assert codes(await sink.embed(files)) == {"a": ErrorCode.FILE_CHANGED}
    assert sink.received == []


@pytest.mark.parametrize("at_call", [1, 2])
async def test_descriptors_that_lack_for_originals_are_a_reason_to_come_back(
    tmp_path: Path, at_call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, and in the midst of it."""
    files: dict[str, Sendable] = {"a": large(tmp_path / "a", 1, size_bytes=MIB)}
    calls, opens = itertools.count(1), open_regular

    def lacks(path: bytes) -> int | Rejected | Skipped:
        if next(calls) == at_call:
            refusal(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
        return opens(path)

    monkeypatch.setattr(original_file, "open_regular", lacks)

    async def heard(request: httpx.Request) -> httpx.Response:
        await request.aread()
        raise AssertionError("the whole body came")

    async with httpx.AsyncClient(transport=httpx.MockTransport(heard)) as http:
        client = InferenceClient(
            http, url="http://ml", threads=root_threads(), request_timeout_s=60, query_timeout_s=60
        )
        with pytest.raises(Overloaded, match="open files"):
            await client.embed(files, captions=False, fingerprint="any")
    assert next(calls) == at_call + 1


def cut_short(path: Path) -> None:
    os.truncate(path, 3 * MIB)


def rewritten(path: Path) -> None:
    """Other bytes, and the times put back: only the hash tells."""
    status = path.stat()
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path: Path) -> None:
    """While it waits for its turn."""
    path.unlink()
    path.write_bytes(b"another")


@pytest.mark.parametrize("change", [cut_short, rewritten, replaced])
async def test_a_file_that_changes_while_it_is_sent_never_lends_its_hash_to_a_vector(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    files: dict[str, Sendable] = {
        # Longer than what is on the way at once: the next file is not opened yet.
        "before": large(tmp_path / "before", 1, size_bytes=24 * MIB),
        "changes": large(tmp_path / "changes", 2, size_bytes=24 * MIB),
        "bytes": Upload(b"P6" * MIB, PPM_MEDIA_TYPE),
        "after": large(tmp_path / "after", 3, size_bytes=4 * MIB),
    }
    changed = False

    def once(received: int) -> None:
        nonlocal changed
        in_its_middle = (24 if change is not replaced else 0) * MIB + CHUNK_BYTES
        if not changed and received > in_its_middle:
            changed = True
            change(tmp_path / "changes")

    async with a_sink() as sink:
        sink.on_chunk = once
        answers = await sink.embed(files)
    assert sink.ids == list(files)
    expected = {"before": None, "bytes": None, "after": None, "changes": ErrorCode.FILE_CHANGED}
    assert codes(answers) == expected


SENSOR = scene(96, 64)
