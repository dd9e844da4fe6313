"""What a service and its decoder processes say to each other, and what it believes of it.

A frame is a header (bytes of the JSON, bytes of the payload), JSON, and a payload: the file's bytes
or a descriptor of it on the way there, RGB pixels on the way back. A decoder that was fed hostile
data may be under hostile control, so every length, shape and word that comes back is checked
before it is used.
"""

from __future__ import annotations

import socket
import struct
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
from PIL import Image
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import Decoded, ImageUnreadableError, Square, Squares
from utils.imaging.formats import Format
from utils.imaging.raw_developing import RawPicture

NO_THREADS = "the system lets it start no thread"  # a decoder's last words
_HEADER = struct.Struct("!IQ")
_MAX_JSON_BYTES = 16 * 1024
_WITH_DESCRIPTOR = b"\0"  # a descriptor travels with a byte
_CODES = frozenset(
    {
        ErrorCode.DECODING_IMAGE,
        ErrorCode.DECODING_RAW,
        ErrorCode.FILE_EMPTY,
        ErrorCode.FORMAT_UNSUPPORTED,
        ErrorCode.IMAGE_TOO_LARGE,
    }
)

Result = Decoded | RawPicture | Squares


class LostDecoderError(Exception):
    """What the other end said makes no sense: it is not to be asked again."""


class DecoderGoneError(LostDecoderError):
    """Nobody is at the other end any more."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=_Said)


class Ask(_Said):
    """`work` is the function of that name, in `decoding` or `raw_developing`.

    The payload is a file; for `read_preview` a descriptor: to send tens of megabytes would take
    longer than to find the preview in them. `develop` has one, too, and answers no more pixels
    than `small_side_px` allows.
    """

    work: Literal["open_upright", "read_preview", "develop", "decode_for_models"]
    max_pixels: int
    min_side_px: int = 0
    upload: ClipUpload | None = None
    whole_side_px: int = 0
    small_side_px: int = 0

    @property
    def has_descriptor(self) -> bool:
        return self.work in ("read_preview", "develop")


class Ready(_Said):
    """The first word of a decoder that has started."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("not printable")
    return text


def _decoding_code(code: ErrorCode) -> ErrorCode:
    if code not in _CODES:
        raise ValueError("no code of a decoder")
    return code


_Side = Annotated[int, Field(gt=0, lt=2**31)]
_Size = tuple[_Side, _Side]


class Failure(_Said):
    code: Annotated[ErrorCode, AfterValidator(_decoding_code)]
    detail: Annotated[str, Field(max_length=1000), AfterValidator(_printable)]


class PictureHead(_Said):
    """A `Decoded` without its pixels; `pixels_size` is that of the payload."""

    pixels_size: _Size
    size: _Size
    area: tuple[float, float, float, float]
    format: Format
    partial: bool

    @model_validator(mode="after")
    def _area_lies_inside(self) -> Self:
        left, top, right, bottom = self.area
        width, height = self.pixels_size
        # A scaled-down picture ends up to a pixel outside what its decoder kept of it.
        if not (-1 <= left < right <= width + 1 and -1 <= top < bottom <= height + 1):
            raise ValueError("the area lies outside the picture")
        return self


class Answer(_Said):
    """`raw_size` is that of a RAW, as displayed; `small_size` that of `Squares.small`.

    `last`: the decoder ends after this answer.
    """

    failure: Failure | None = None
    picture: PictureHead | None = None
    raw_size: _Size | None = None
    small_size: _Size | None = None
    last: bool = False


def head_of(decoded: Decoded) -> PictureHead:
    return PictureHead(
        pixels_size=decoded.image.size,
        size=decoded.size,
        area=decoded.area,
        format=decoded.format,
        partial=decoded.partial,
    )


def send(to: socket.socket, said: _Said, payload: bytes | int = b"") -> None:
    """A whole number is a descriptor, which stays the caller's. Blocking.

    Raises:
        LostDecoderError: nobody listens.
    """
    text = said.model_dump_json(exclude_defaults=True).encode()
    payload_bytes = len(payload) if isinstance(payload, bytes) else len(_WITH_DESCRIPTOR)
    try:
        to.sendall(_HEADER.pack(len(text), payload_bytes) + text)
        if isinstance(payload, bytes):
            to.sendall(payload)
        else:
            socket.send_fds(to, [_WITH_DESCRIPTOR], [payload])
    except OSError as exc:
        raise DecoderGoneError("it does not listen") from exc


def receive(source: socket.socket, kind: type[S]) -> tuple[S, int]:
    """What was said, and the bytes of payload that follow. Blocking. Raises LostDecoderError."""
    text_bytes, payload_bytes = _HEADER.unpack(receive_bytes(source, _HEADER.size))
    if text_bytes > _MAX_JSON_BYTES:
        raise LostDecoderError("it says too much")
    try:
        said = kind.model_validate_json(receive_bytes(source, text_bytes))
    except ValidationError as exc:
        raise LostDecoderError("it makes no sense") from exc
    return said, payload_bytes


def receive_bytes(source: socket.socket, count: int) -> bytes:
    """Exactly so many; in one piece and without a copy where the kernel gives them so."""
    pieces: list[bytes] = []
    missing = count
    while missing:
        try:
            piece = source.recv(missing, socket.MSG_WAITALL)
        except OSError as exc:
            raise DecoderGoneError("it cannot be heard") from exc
        if not piece:
            raise DecoderGoneError("it has hung up")
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def receive_descriptor(source: socket.socket) -> int:
    """The caller's to close. Blocking. Raises LostDecoderError."""
    try:
        byte, descriptors, _flags, _address = socket.recv_fds(source, len(_WITH_DESCRIPTOR), 1)
    except OSError as exc:
        raise DecoderGoneError("it cannot be heard") from exc
    if not byte:
        raise DecoderGoneError("it has hung up")
    if len(descriptors) != 1:
        raise LostDecoderError("no descriptor came")
    return descriptors[0]


def receive_result(source: socket.socket, ask: Ask) -> tuple[Result | ImageUnreadableError, bool]:
    """The result, and whether the decoder can be asked again. Blocking.

    Raises:
        LostDecoderError: it ended, or answered something else than what was asked.
    """
    answer, payload_bytes = receive(source, Answer)
    if payload_bytes != _expected_bytes(ask, answer):
        raise LostDecoderError("its pixels do not fit what was asked")
    payload = receive_bytes(source, payload_bytes)
    return _result(ask, answer, payload), not answer.last


def _expected_bytes(ask: Ask, answer: Answer) -> int:
    """Of the payload. Raises LostDecoderError where the answer does not belong to the question."""
    picture, raw_size = answer.picture, answer.raw_size
    if answer.failure is not None:
        return 0
    if (raw_size is not None) != (ask.work == "read_preview"):
        raise LostDecoderError("it answers another question")
    if (picture is None) != (ask.work == "decode_for_models") and ask.work != "read_preview":
        raise LostDecoderError("it answers another question")
    sizes = [picture.pixels_size, picture.size] if picture is not None else []
    for width, height in [*sizes, raw_size] if raw_size is not None else sizes:
        if width * height > ask.max_pixels:
            raise LostDecoderError("its picture is larger than allowed")
    if picture is not None and ask.work == "develop" and _longest(picture) > ask.small_side_px:
        raise LostDecoderError("its picture is larger than was asked for")
    if answer.small_size is not None and max(answer.small_size) > ask.small_side_px:
        raise LostDecoderError("its small picture is larger than was asked for")
    if ask.upload is not None:
        small_width, small_height = answer.small_size or (0, 0)
        return 3 * (ask.upload.side_px**2 + ask.whole_side_px**2 + small_width * small_height)
    return 3 * picture.pixels_size[0] * picture.pixels_size[1] if picture is not None else 0


def _longest(picture: PictureHead) -> int:
    return max(*picture.size, *picture.pixels_size)


def _result(ask: Ask, answer: Answer, payload: bytes) -> Result | ImageUnreadableError:
    if answer.failure is not None:
        return ImageUnreadableError(answer.failure.code, answer.failure.detail)
    if ask.upload is not None:
        return _squares(ask, answer, ask.upload.side_px, payload)
    head, decoded = answer.picture, None
    if head is not None:
        image = Image.frombytes("RGB", head.pixels_size, payload)
        decoded = Decoded(image, *head.size, head.area, head.format, head.partial)
    if answer.raw_size is not None:
        return RawPicture(*answer.raw_size, decoded)
    assert decoded is not None, "an expected answer has a picture"
    return decoded


def _squares(ask: Ask, answer: Answer, clip_side_px: int, payload: bytes) -> Squares:
    clip_end = 3 * clip_side_px**2
    whole_end = clip_end + 3 * ask.whole_side_px**2
    whole, small = payload[clip_end:whole_end], payload[whole_end:]
    return Squares(
        _square(payload[:clip_end], clip_side_px),
        _square(whole, ask.whole_side_px) if ask.whole_side_px else None,
        Image.frombytes("RGB", answer.small_size, small) if answer.small_size else None,
    )


def _square(pixels: bytes, side_px: int) -> Square:
    return np.frombuffer(pixels, np.uint8).reshape(side_px, side_px, 3)
