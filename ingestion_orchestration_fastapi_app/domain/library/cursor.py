"""Where the next page of a search begins: a text that a client hands back.

A page begins after the last result of the one before, by score and id: a point's score stays as
long as its vector does. So nothing comes again, however many images come in between; those that
fit in later are there, and what was deleted is not. An old version of the table would serve as
well only as long as nobody prunes it, which happens by the age of versions and not by the time
when they were replaced, and it would show what was deleted meanwhile; so no version is in it.

The query's vector is: computed again, in another batch, it may differ in its last bits, and
results at the edge would come twice. Where words took part the cursor says so, since words that
come in meanwhile may change whether they help; and where the order of results moves as images come
in, it has a tag of each that was shown. The text is not secret and not signed: who makes one up
gets results of a collection that he may search anyway.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library import checked_text
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from utils.contract.search import SearchMode

GOOD_FOR_S = 600

NO_VECTOR: Vector = np.zeros(0, dtype=np.float32)

_FORM = 1
_FORM_OF_LISTS = 2  # has a mode and tags before the vector
_MODES = (None, *SearchMode)
_LIST = struct.Struct("<BH")  # mode, number of tags
_TAG_BYTES = 4
_HEAD = struct.Struct("<BBIId16s16s")  # form, flags, expiry, rank, score, id, query
_TRUNCATED, _TEMPLATED = 1, 2  # flags
_MOST_RANK = 2**32 - 1
_UNIT_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class After:
    """The last result that was shown; `rank` says how many were, itself included."""

    score: float
    id: UUID
    rank: int

    def precedes(self, score: float, point_id: UUID) -> bool:
        """Whether a result comes after it: best first, ties by id."""
        return score < self.score or (score == self.score and str(point_id) > str(self.id))


@dataclass(frozen=True, slots=True)
class Cursor:
    """`query` is a digest of all that was asked but for the page; `expires_s` is Unix time.

    `vector` is empty where words alone were asked for. `shown`: tags of what was shown, where the
    order moves. `truncated` and `templated` are as of the QueryVector.
    """

    after: After
    vector: Vector
    query: bytes
    expires_s: int
    truncated: bool = False
    mode: SearchMode | None = None
    shown: tuple[bytes, ...] = ()
    templated: bool = False


def tag(point_id: UUID) -> bytes:
    """Short, so that a thousand fit: that two of a thousand have the same is rare."""
    return point_id.bytes[-_TAG_BYTES:]


def digest(*parts: object) -> bytes:
    """Of what a cursor belongs to; the parts' `repr` says all of them."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def written(cursor: Cursor) -> str:
    after = cursor.after
    head = _HEAD.pack(
        _FORM if cursor.mode is None else _FORM_OF_LISTS,
        _TRUNCATED * cursor.truncated | _TEMPLATED * cursor.templated,
        cursor.expires_s,
        min(after.rank, _MOST_RANK),
        after.score,
        after.id.bytes,
        cursor.query,
    )
    if cursor.mode is not None:
        head += _LIST.pack(_MODES.index(cursor.mode), len(cursor.shown)) + b"".join(cursor.shown)
    content = head + np.asarray(cursor.vector, dtype="<f4").tobytes()
    return checked_text.written(content)


def read(text: str) -> Cursor | None:
    """None for what `written` never gave."""
    content = checked_text.read(text)
    if content is None or len(content) < _HEAD.size:
        return None
    form, flags, expires_s, rank, score, point_id, query = _HEAD.unpack_from(content)
    mode, shown, start = _list_in(content) if form == _FORM_OF_LISTS else (None, (), _HEAD.size)
    if form not in (_FORM, _FORM_OF_LISTS) or start is None or (len(content) - start) % 4:
        return None
    vector = np.frombuffer(content, dtype="<f4", offset=start).astype(np.float32)
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    is_unit = abs(norm - 1) <= _UNIT_TOLERANCE or (mode is SearchMode.TEXT and not len(vector))
    if not (is_unit and -2 <= score <= 2):  # false for NaN, too
        return None
    after = After(score, UUID(bytes=point_id), rank)
    is_cut, is_templated = bool(flags & _TRUNCATED), bool(flags & _TEMPLATED)
    return Cursor(after, vector, query, expires_s, is_cut, mode, shown, is_templated)


def _list_in(content: bytes) -> tuple[SearchMode | None, tuple[bytes, ...], int | None]:
    """Mode, tags, and where the vector begins; None where there is no such thing."""
    if len(content) < _HEAD.size + _LIST.size:
        return None, (), None
    mode, number = _LIST.unpack_from(content, _HEAD.size)
    first = _HEAD.size + _LIST.size
    end = first + number * _TAG_BYTES
    if not 0 < mode < len(_MODES) or end > len(content):
        return None, (), None
    tags = tuple(content[at : at + _TAG_BYTES] for at in range(first, end, _TAG_BYTES))
    return _MODES[mode], tags, end
