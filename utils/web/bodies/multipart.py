"""A streaming multipart/form-data parser without I/O: feed(chunk) says what came."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from utils.problems import BatchTooLarge, MalformedMultipart, Problem

MAX_HEADER_LINE_BYTES = 16 * 1024  # a filename may be 4,096 characters of 3 bytes
MAX_BOUNDARY_CHARACTERS = 200


class TooManyParts(BatchTooLarge):
    """More parts than the limit. Apart, since a declared count turns it into another problem."""


@dataclass(frozen=True, slots=True)
class PartBegun:
    """`name` and `filename` are None where the part's header has none. `headers`: those that were
    asked for, by their names in lower case.
    """

    name: str | None
    filename: str | None
    media_type: str
    headers: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartData:
    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnded:
    pass


PartEvent: TypeAlias = PartBegun | PartData | PartEnded


def boundary_of(content_type: str | None) -> bytes:
    """The boundary that a Content-Type header declares.

    Raises:
        MalformedMultipart: it is not multipart/form-data, or names no usable boundary.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise MalformedMultipart("The body must be multipart/form-data.")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_CHARACTERS:
        raise MalformedMultipart("The Content-Type header names no usable boundary.")
    return boundary


class MultipartEvents:
    """Cuts one body into parts, however the body was cut into chunks; holds no part.

    Every method raises MalformedMultipart for a body that is not what its header says, and
    BatchTooLarge (with the limit) for one that is more than the limits allow.
    """

    def __init__(
        self,
        boundary: bytes,
        *,
        max_parts: int,
        max_total_bytes: int,
        headers: Collection[bytes] = (),
    ) -> None:
        """`headers`: those to be told of a part besides its name and type, in lower case."""
        self._opening = b"--" + boundary
        self._max_parts = max_parts
        self._max_total_bytes = max_total_bytes
        self._wanted = frozenset(headers)
        self._head: bytearray | None = bytearray()
        self._total_bytes = 0
        self._parts_begun = 0
        self._events: list[PartEvent] = []
        self._ended = False
        self._fault: Problem | None = None
        self._field: list[bytes] = []
        self._value: list[bytes] = []
        self._begin_headers()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_end": self._on_end,
                },
                max_header_size=MAX_HEADER_LINE_BYTES,
            )
        except FormParserError as exc:
            raise MalformedMultipart("The boundary cannot be used.") from exc

    def feed(self, chunk: bytes) -> list[PartEvent]:
        """What this chunk brought, in the body's order: of each part PartBegun, any number of
        PartData, PartEnded. What came before a fault is told first: the next call raises.
        """
        if self._fault is not None:
            raise self._fault
        self._total_bytes += len(chunk)
        if self._total_bytes > self._max_total_bytes:
            limit = self._max_total_bytes
            raise BatchTooLarge(f"The body is larger than {limit} bytes.", limit=limit)
        if self._head is not None:
            chunk = self._past_opening(chunk)
        if chunk and not self._ended:  # what follows the end is an epilogue, to be ignored
            self._fault = self._fault_in(chunk)
        events, self._events = self._events, []
        if self._fault is not None and not events:
            raise self._fault
        return events

    def close(self) -> None:
        """Call it after the last chunk.

        Raises:
            MalformedMultipart: the closing boundary never came; the parser alone accepts that.
        """
        if self._fault is not None:
            raise self._fault
        if not self._ended:
            raise MalformedMultipart("The body ends before its closing boundary.")

    def _fault_in(self, chunk: bytes) -> Problem | None:
        try:
            self._parser.write(chunk)
        except FormParserError:
            return MalformedMultipart("The body cannot be cut into parts.")
        except TooManyParts as exc:
            return exc
        return None

    def _past_opening(self, chunk: bytes) -> bytes:
        """Holds bytes back until it is sure that the body opens with its boundary.

        The parser skips a preamble differently depending on how it is cut into chunks.
        """
        head = self._head
        assert head is not None
        head += chunk
        opening = self._opening
        if not opening.startswith(bytes(head[: len(opening)])):
            raise MalformedMultipart("The body does not begin with the declared boundary.")
        if len(head) < len(opening):
            return b""
        self._head = None
        return bytes(head)

    def _begin_headers(self) -> None:
        self._name: str | None = None
        self._filename: str | None = None
        self._media_type = "application/octet-stream"
        self._headers: dict[bytes, bytes] = {}

    def _on_part_begin(self) -> None:
        self._parts_begun += 1
        limit = self._max_parts
        if self._parts_begun > limit:
            raise TooManyParts(f"The body has more than {limit} parts.", limit=limit)
        self._begin_headers()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field.append(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value.append(data[start:end])

    def _on_header_end(self) -> None:
        header, value = b"".join(self._field).lower(), b"".join(self._value)
        self._field, self._value = [], []
        if header == b"content-disposition":
            _, options = parse_options_header(value)
            self._name = _text(options.get(b"name"))
            self._filename = _text(options.get(b"filename"))
        elif header == b"content-type":
            self._media_type = value.decode("latin-1").strip().lower()
        elif header in self._wanted:
            self._headers[header] = value

    def _on_headers_finished(self) -> None:
        begun = PartBegun(self._name, self._filename, self._media_type, self._headers)
        self._events.append(begun)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(PartEnded())

    def _on_end(self) -> None:
        self._ended = True


def _text(value: bytes | None) -> str | None:
    """UTF-8 as browsers and httpx send it; anything else byte by byte, so that it still names."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
