"""The chunks of a PNG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from utils.containers.byte_source import ByteSource


class Chunk(NamedTuple):
    """From its length to behind its checksum, wherever the file ends."""

    kind: bytes
    start: int
    end: int

    @property
    def content(self) -> slice:
        return slice(self.start + 8, self.end - 4)


def chunks(data: ByteSource) -> Iterator[Chunk]:
    """Chunks as far as the data goes. Each has at least 12 bytes: callers bound their number."""
    position = 8
    while len(head := data[position : position + 8]) == 8:
        chunk = Chunk(head[4:], position, position + 12 + int.from_bytes(head[:4]))
        yield chunk
        if chunk.kind == b"IEND":
            return
        position = chunk.end
