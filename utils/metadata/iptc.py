"""IPTC-IIM, from Photoshop's image resources or by itself: words, and when it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from utils.metadata.capture_time import Moment, Times, parsed_moment
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords, many_lines, one_line
from utils.text.old_encodings import is_mac_roman, old_text

_SIGNATURES = (b"8BIM", b"AgHg", b"DCSR", b"PHUT", b"MeSa")
IPTC_RESOURCE, EXIF_RESOURCE, XMP_RESOURCE = 0x0404, 0x0422, 0x0424
_TITLE, _KEYWORD, _HEADLINE, _CAPTION = 5, 25, 105, 120  # of record 2
_DATES = ((55, 60), (62, 63))  # day and time: created, digitized
_MAX_FIELDS = 5000


def image_resources(resources: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of Photoshop's image resources (JPEG's APP13, TIFF's tag 34377)."""
    position = 0
    for _ in range(_MAX_FIELDS):
        if resources[position : position + 4] not in _SIGNATURES:
            return
        number = int.from_bytes(resources[position + 4 : position + 6])
        name_length = int.from_bytes(resources[position + 6 : position + 7])
        position += 6 + (name_length + 2 & ~1)  # its length byte and it fill an even number
        size = int.from_bytes(resources[position : position + 4])
        yield number, resources[position + 4 : position + 4 + size]
        position += 4 + size + size % 2


def read_iptc(block: bytes) -> tuple[Metadata, Times]:
    """As far as it can be read. UTF-8 where it is that, else by its words, whatever is declared."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for record, number, value in _fields(_in_order(block)):
        if record == 2:
            found[number].append(value)
    words = _Words(found)
    metadata = Metadata(
        title=one_line(words.first(_TITLE) or words.first(_HEADLINE)),
        description=many_lines(words.first(_CAPTION)),
        keywords=keywords(words.all(_KEYWORD)),
    )
    times = (_moment(words.first(day) or "", words.first(clock) or "") for day, clock in _DATES)
    return metadata, tuple((TakenAtSource.IPTC, when) for when in times if when is not None)


class _Words:
    """One program wrote all fields: what one of them proves of the encoding holds for all."""

    def __init__(self, fields: dict[int, list[bytes]]) -> None:
        self._fields = fields
        told = (_TITLE, _HEADLINE, _CAPTION, _KEYWORD)
        odd = b" ".join(value for number in told for value in fields[number] if not _is_utf8(value))
        self._mac = is_mac_roman(odd)

    def all(self, number: int) -> list[str]:
        return [
            value.decode() if _is_utf8(value) else old_text(value, mac=self._mac)
            for value in self._fields[number]
        ]

    def first(self, number: int) -> str | None:
        return next((text for text in self.all(number) if text.strip(" \0")), None)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _moment(day: str, clock: str) -> Moment | None:
    """Of "20040713" and "212344+0200"; some write them with separators."""
    digits = "".join(c for c in day if c.isdigit() and c.isascii())[:8]
    if len(digits) < 8:
        return None
    date = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    time, zone = clock[:6], clock[6:11]
    if ":" in clock:
        time, zone = clock[:8].replace(":", ""), clock[8:14]
    if len(time) == 6 and time.isdigit() and time.isascii():
        moment = parsed_moment(f"{date}T{time[:2]}:{time[2:4]}:{time[4:]}", offset=zone)
        if moment is not None:
            return moment
    return parsed_moment(date)


def _in_order(block: bytes) -> bytes:
    """TIFF writers that took it for numbers of 32 bits left each four bytes the other way round."""
    if block[:1] != b"\x1c" and block[3:4] == b"\x1c":
        padded = block + bytes(-len(block) % 4)
        return b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
    return block


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
