"""IPTC-IIM, from Photoshop's image resources or by itself: title, description, keywords."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from utils.containers.tiff import decoded_text
from utils.metadata.photo_metadata import Metadata
from utils.metadata.text import keywords, many_lines, one_line

_SIGNATURES = (b"8BIM", b"AgHg", b"DCSR", b"PHUT", b"MeSa")
_IPTC_RESOURCE = 0x0404
_TITLE, _KEYWORD, _HEADLINE, _CAPTION = 5, 25, 105, 120  # of record 2
_MAX_FIELDS = 5000


def iptc_resources(resources: bytes) -> Iterator[bytes]:
    """The IIM blocks among image resources (JPEG's APP13, TIFF's tag 34377)."""
    position = 0
    for _ in range(_MAX_FIELDS):
        if resources[position : position + 4] not in _SIGNATURES:
            return
        number = int.from_bytes(resources[position + 4 : position + 6])
        name_length = int.from_bytes(resources[position + 6 : position + 7])
        position += 6 + (name_length + 2 & ~1)  # its length byte and it fill an even number
        size = int.from_bytes(resources[position : position + 4])
        if number == _IPTC_RESOURCE:
            yield resources[position + 4 : position + 4 + size]
        position += 4 + size + size % 2


def read_iptc(block: bytes) -> Metadata:
    """As far as it can be read. UTF-8 where it is that, else Latin-1, whatever is declared."""
    found: dict[int, list[str]] = defaultdict(list)
    for record, number, value in _fields(block):
        if record == 2:
            found[number].append(decoded_text(value))
    return Metadata(
        title=one_line(next(iter(found[_TITLE] + found[_HEADLINE]), None)),
        description=many_lines(next(iter(found[_CAPTION]), None)),
        keywords=keywords(found[_KEYWORD]),
    )


def _fields(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and value, until what follows is no field."""
    position = 0
    for _ in range(_MAX_FIELDS):
        head = block[position : position + 5]
        if len(head) < 5 or head[0] != 0x1C:
            return
        length, start = int.from_bytes(head[3:]), position + 5
        if length & 0x8000:  # the length of the length
            count = length & 0x7FFF
            if count > 8:
                return
            length, start = int.from_bytes(block[start : start + count]), start + count
        value = block[start : start + length]
        if len(value) < length:
            return
        yield head[1], head[2], value
        position = start + length
