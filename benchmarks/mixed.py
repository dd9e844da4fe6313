"""Requests that mix good and bad, and what is wrong with the answers to them.

Each upload's vector (or code) is known beforehand, by its name, from the engine without HTTP.
Some requests are bad as a whole: they must be refused, and nobody else may notice.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from random import Random

import anyio
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import ValidationError

from benchmarks.inference_http import Answer, Request, Service, request_of
from utils.contract import BatchItem, BatchReply
from utils.imaging.decoding import encode_ppm

Vector = npt.NDArray[np.float32]

OK, REFUSED, SERVER_ERROR = 200, 400, 500
MIN_COSINE = 0.999
PICTURES = 24
MAX_PARTS = 6


class Fault(StrEnum):
    SERVER_ERROR = "server_error"  # a 5xx
    LOST = "lost"  # a good batch was refused, or an upload has no result
    MISALIGNED = "misaligned"  # a result is not of the upload that it stands for
    ACCEPTED = "accepted"  # what is no batch was not refused


class Manner(StrEnum):
    """How a request is sent."""

    WHOLE = "whole"
    CUT = "cut"  # its closing boundary never comes
    OTHER_BOUNDARY = "other_boundary"
    TOO_MANY = "too_many"  # more images than declared
    LEFT = "left"  # the client hangs up half-way


BAD_MANNERS = tuple(manner for manner in Manner if manner is not Manner.WHOLE)


@dataclass(frozen=True, slots=True)
class Batch:
    """`uploads` are names of files, in the order of the parts, and the parts' ids."""

    uploads: Sequence[str]
    manner: Manner
    request: Request


def write_uploads(folder: Path, *, side_px: int) -> list[Path]:
    """Pictures that differ, in many formats, and files that are none."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    files: dict[str, bytes] = {}
    for number in range(PICTURES):
        # Few large squares of colour each: what even an untrained model can tell apart.
        coarse = rng.integers(0, 256, (2 + number % 5, 2 + number % 3, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.NEAREST)
        name, data = _FORMATS[number % len(_FORMATS)](picture)
        files[f"{number:02d}-{name}"] = data
    jpeg = _saved(Image.new("RGB", (side_px, side_px), "red"), "JPEG")
    files |= {
        "no-picture": b"no picture at all" * 40,
        "empty": b"",
        "header-only": jpeg[:300],
        "bomb": _png_header(60_000, 60_000),
        "cut-png": _saved(Image.new("RGB", (64, 64), "blue"), "PNG")[:60],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def batches_of(paths: Sequence[Path], *, count: int, seed: int) -> list[Batch]:
    """Every tenth is bad as a whole; ids may come twice in one batch."""
    random, files = Random(seed), {path.name: path.read_bytes() for path in paths}
    names = sorted(files)
    batches = []
    for number in range(count):
        uploads = random.choices(names, k=random.randint(1, MAX_PARTS))
        manner = random.choice(BAD_MANNERS) if number % 10 == 9 else Manner.WHOLE
        encoding = "float" if number % 3 else "base64"
        request = request_of([(name, files[name]) for name in uploads], encoding=encoding)
        batches.append(Batch(uploads, manner, _spoilt(request, manner)))
    return batches


async def sent(service: Service, batch: Batch) -> Answer | None:
    """None where the client did not wait for an answer."""
    if batch.manner is not Manner.LEFT:
        return await service.sent(batch.request)
    host, port = service.address
    request = batch.request
    fields = {**request.headers, "Host": host, "Content-Length": str(len(request.body))}
    head = f"POST {request.path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items()
    )
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(head.encode() + b"\r\n" + request.body[: len(request.body) // 2])
    return None


async def run_mixed(
    service: Service,
    batches: Sequence[Batch],
    references: Mapping[str, Vector | str],
    *,
    clients: int,
) -> Counter[Fault]:
    """Sends all, and counts what is wrong with the answers."""
    found: Counter[Fault] = Counter()
    judge = Judge(references)
    turns = iter(batches)

    async def client() -> None:
        for batch in turns:
            if (answer := await sent(service, batch)) is not None:
                found.update(judge.faults(batch, answer))

    async with anyio.create_task_group() as tg:
        for _ in range(clients):
            tg.start_soon(client)
    return found


class Judge:
    """Knows what belongs to each upload: its vector, or the code that says why there is none."""

    def __init__(self, references: Mapping[str, Vector | str]) -> None:
        self._references = references
        vectors = {name: one for name, one in references.items() if not isinstance(one, str)}
        self._names = list(vectors)
        table = np.stack(list(vectors.values()))
        # Untrained models give vectors that are nearly the same for all: what differs counts.
        self._mean = table.mean(axis=0)
        self._table = _unit(table - self._mean)

    def faults(self, batch: Batch, answer: Answer) -> list[Fault]:
        """What is wrong with one answer; a misplaced result counts once."""
        if answer.status >= SERVER_ERROR:
            return [Fault.SERVER_ERROR]
        if batch.manner is not Manner.WHOLE:
            return [] if answer.status == REFUSED else [Fault.ACCEPTED]
        if answer.status != OK:
            return [Fault.LOST]
        try:
            results = BatchReply.model_validate_json(answer.content).results
        except ValidationError:
            return [Fault.LOST]
        missing = len(batch.uploads) - len(results)
        if missing:
            return [Fault.LOST] * max(missing, 1)
        judged = (
            self._fault(name, result) for name, result in zip(batch.uploads, results, strict=True)
        )
        return [fault for fault in judged if fault is not None]

    def _fault(self, name: str, result: BatchItem) -> Fault | None:
        if result.id != name:
            return Fault.MISALIGNED
        expected, code = self._references[name], result.error.code if result.error else None
        if isinstance(expected, str):
            return None if code == expected and result.embedding is None else Fault.MISALIGNED
        if result.embedding is None:
            return Fault.LOST
        vector = _vector(result.embedding)
        nearest = self._names[int(np.argmax(self._table @ (vector - self._mean)))]
        same = float(vector @ expected) >= MIN_COSINE
        return None if same and nearest == name else Fault.MISALIGNED


def _vector(embedding: list[float] | str) -> Vector:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4").astype(np.float32)
    return np.array(embedding, np.float32)


def _unit(rows: Vector) -> Vector:
    lengths: Vector = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths


def _spoilt(request: Request, manner: Manner) -> Request:
    match manner:
        case Manner.CUT:
            return Request(request.body[:-8], request.boundary, request.images)
        case Manner.OTHER_BOUNDARY:
            return Request(request.body, "other" + request.boundary, request.images)
        case Manner.TOO_MANY:
            body = request.body.replace(f"--{request.boundary}--".encode(), b"")
            return Request(body + request.body, request.boundary, request.images)
        case _:
            return request


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


_FORMATS: Sequence[Callable[[Image.Image], tuple[str, bytes]]] = (
    lambda picture: ("exact.ppm", encode_ppm(np.asarray(picture))),
    lambda picture: ("photo.jpg", _saved(picture.resize((640, 480)), "JPEG", quality=90)),
    lambda picture: ("palette.png", _saved(picture.quantize(16), "PNG")),
    lambda picture: ("lossless.webp", _saved(picture, "WEBP", lossless=True)),
    lambda picture: ("cmyk.jpg", _saved(picture.convert("CMYK"), "JPEG")),
    lambda picture: ("wrong-extension.jpg", _saved(picture, "BMP")),
    lambda picture: ("grey16.png", _saved(_sixteen_bits(picture), "PNG")),
    lambda picture: ("in-a-process.gif", _saved(picture.quantize(64), "GIF")),
)


def _sixteen_bits(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257)


def _png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has no more."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
    )
