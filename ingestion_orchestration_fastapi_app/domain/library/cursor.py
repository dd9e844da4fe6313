"""Where the next page of a search begins: a text that a client hands back.

A page begins after the last result of the one before, by score and id: a point's score stays as
long as its vector does. So nothing comes again, however many images come in between; those that
fit in later are there, and what was deleted is not. An old version of the table would serve as
well only as long as nobody prunes it, which happens by the age of versions and not by the time
when they were replaced, and it would show what was deleted meanwhile; so no version is in it.

The query's vector is: computed again, in another batch, it may differ in its last bits, and
results at the edge would come twice. The text is not secret and not signed: who makes one up gets
results of a collection that he may search anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.point import Vector

GOOD_FOR_S = 600

_FORM = 1
_HEAD = struct.Struct("<BBIId16s16s")  # form, truncated, expiry, rank, score, id, query
_CHECK_BYTES = 8
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
    """`query` is a digest of all that was asked but for the page; `expires_s` is Unix time."""

    after: After
    vector: Vector
    query: bytes
    expires_s: int
    truncated: bool = False


def digest(*parts: object) -> bytes:
    """Of what a cursor belongs to; the parts' `repr` says all of them."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def written(cursor: Cursor) -> str:
    after = cursor.after
    head = _HEAD.pack(
        _FORM,
        cursor.truncated,
        cursor.expires_s,
        min(after.rank, _MOST_RANK),
        after.score,
        after.id.bytes,
        cursor.query,
    )
    content = head + np.asarray(cursor.vector, dtype="<f4").tobytes()
    return base64.urlsafe_b64encode(content + _check(content)).decode()


def read(text: str) -> Cursor | None:
    """None for what `written` never gave."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    content, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if len(content) <= _HEAD.size or check != _check(content):
        return None
    form, truncated, expires_s, rank, score, point_id, query = _HEAD.unpack_from(content)
    if form != _FORM or (len(content) - _HEAD.size) % 4:
        return None
    vector = np.frombuffer(content, dtype="<f4", offset=_HEAD.size).astype(np.float32)
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if not (abs(norm - 1) <= _UNIT_TOLERANCE and -2 <= score <= 2):  # false for NaN, too
        return None
    after = After(score, UUID(bytes=point_id), rank)
    return Cursor(after, vector, query, expires_s, truncated=bool(truncated))


def _check(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECK_BYTES).digest()
