"""The parts of a request's body, whole in memory: feed(chunk) gives the finished ones."""

from __future__ import annotations

from dataclasses import dataclass

from utils.contract import IMAGE_TURN_HEADER
from utils.problems import BatchTooLarge, MalformedMultipart
from utils.web.bodies.multipart import MultipartEvents, PartBegun, PartData

_TURN_FIELD = IMAGE_TURN_HEADER.lower().encode()
_TURNS = frozenset(b"%d" % turn for turn in range(1, 9))


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `name` and `filename` are None where the part's header has none.

    `turn`: EXIF's orientation by which its picture is turned, after what the file says.
    """

    name: str | None
    filename: str | None
    media_type: str
    data: bytes
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class PartLimits:
    max_parts: int
    max_part_bytes: int
    max_total_bytes: int


class MultipartStream:
    """Cuts one body into parts, however the body was cut into chunks.

    Every method raises MalformedMultipart for a body that is not what its header says, and
    BatchTooLarge (with the limit) before more than the limits allow is held.
    """

    def __init__(self, boundary: bytes, limits: PartLimits) -> None:
        self._max_part_bytes = limits.max_part_bytes
        self._events = MultipartEvents(
            boundary,
            max_parts=limits.max_parts,
            max_total_bytes=limits.max_total_bytes,
            headers=(_TURN_FIELD,),
        )
        self._begun = PartBegun(None, None, "")
        self._turn: int | None = None
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[Part]:
        """The parts that this chunk finished, in the body's order."""
        finished: list[Part] = []
        for event in self._events.feed(chunk):
            if isinstance(event, PartBegun):
                self._begun, self._turn = event, _turn_of(event)
                self._data, self._data_bytes = [], 0
            elif isinstance(event, PartData):
                self._hold(event.data)
            else:
                finished.append(self._finished())
        return finished

    def close(self) -> None:
        """Call it after the last chunk.

        Raises:
            MalformedMultipart: the closing boundary never came.
        """
        self._events.close()

    def _hold(self, data: bytes) -> None:
        self._data_bytes += len(data)
        limit = self._max_part_bytes
        if self._data_bytes > limit:
            raise BatchTooLarge(f"A part is larger than {limit} bytes.", limit=limit)
        self._data.append(data)

    def _finished(self) -> Part:
        data, self._data = b"".join(self._data), []
        begun = self._begun
        return Part(begun.name, begun.filename, begun.media_type, data, self._turn)


def _turn_of(begun: PartBegun) -> int | None:
    turn = begun.headers.get(_TURN_FIELD)
    if turn is None:
        return None
    if turn.strip() not in _TURNS:
        raise MalformedMultipart(f"{IMAGE_TURN_HEADER} is a number from 1 to 8.")
    return int(turn)
