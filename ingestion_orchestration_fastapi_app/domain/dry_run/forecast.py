"""How long an import would take, and which space, told from what others took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.jobs.rates import MARGIN
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord

MOST_IMPORTS = 5  # the latest that say something
LEAST_IMAGES = 20  # of an import that says something
LEAST_POINTS = 100  # of a table of which a row's size can be told


def scaled(counts: Mapping[str, int], total: int) -> dict[str, int]:
    """The counts of a sample as they would be of `total`: they add up to it."""
    known = sum(counts.values())
    if not known:
        return dict(counts)
    floors = {name: count * total // known for name, count in counts.items()}
    rest = {name: count * total % known for name, count in counts.items()}
    missing = total - sum(floors.values())
    for name in sorted(rest, key=lambda one: (-rest[one], one))[:missing]:
        floors[name] += 1
    return floors


@dataclass(frozen=True, slots=True)
class Speeds:
    """Images/s of imports that had to be embedded, and of those that were mostly known by their
    content; the latest first.
    """

    embedded: tuple[float, ...] = ()
    cached: tuple[float, ...] = ()


def speeds_of(jobs: Iterable[JobRecord], *, captions: bool) -> Speeds:
    """Of imports into one collection, the latest first, with or without captions."""
    embedded: list[float] = []
    cached: list[float] = []
    for job in jobs:
        counts, active_s = job.counts, job.progress.active_s
        made = counts.embedded + counts.cached
        if made < LEAST_IMAGES or active_s <= 0:
            continue
        if (job.request.options.get("captions") is True) != captions:
            continue
        if counts.embedded * 2 >= made:
            embedded.append(made / active_s)
        else:
            cached.append(made / active_s)
    return Speeds(tuple(embedded[:MOST_IMPORTS]), tuple(cached[:MOST_IMPORTS]))


@dataclass(frozen=True, slots=True)
class Duration:
    """`high_s` is None where only the shortest time can be told."""

    low_s: float
    high_s: float | None


def duration(
    *, embedded: int, cached: int, speeds: Speeds, service_images_per_s: float | None
) -> Duration | None:
    """None where nobody can tell. Of what is cached: as if it were embedded, where no import says
    how long that takes.

    Without an import that embedded, the inference service's own speed is the most that can be.
    """
    if not embedded and not cached:
        return Duration(0.0, 0.0)
    slow = speeds.embedded
    if not slow and embedded:
        if not service_images_per_s:
            return None
        return Duration(embedded / service_images_per_s * (1 - MARGIN), None)
    fast = speeds.cached or slow
    if not fast:
        return None
    low_s, high_s = 0.0, 0.0
    for images, rates in ((embedded, slow), (cached, fast)):
        if images:
            low_s += images / max(rates) * (1 - MARGIN)
            high_s += images / min(rates) * (1 + MARGIN)
    return Duration(low_s, high_s)


@dataclass(frozen=True, slots=True)
class PointBytes:
    """Of one image on the disk: its rows in the collection's tables, its thumbnail in the cache,
    and its vector there with its row in the ledger. `is_measured`: the first two, here.
    """

    rows: int
    thumbnail: int
    rest: int
    is_measured: bool

    @property
    def total(self) -> int:
        return self.rows + self.thumbnail + self.rest


LEDGER_BYTES = 1024  # a file's row with its indexes, its artefacts, and the catalogue's row
_PAYLOAD_BYTES = 2048
_THUMBNAIL_BYTES = 15 * 1024
_COMPACTION = 2  # rows are there twice while a table is compacted


def point_bytes(
    *, dim: int, points: int, table_bytes: int, thumbnail_bytes: Sequence[int]
) -> PointBytes:
    """From the tables' size, where that many points lie in them, and from some thumbnails."""
    vector = 4 * dim
    rest = vector + LEDGER_BYTES
    if points < LEAST_POINTS or not thumbnail_bytes:
        rows = _COMPACTION * (vector + _PAYLOAD_BYTES)
        return PointBytes(rows, _THUMBNAIL_BYTES, rest, is_measured=False)
    average = sum(thumbnail_bytes) // len(thumbnail_bytes)
    return PointBytes(table_bytes // points, average, rest, is_measured=True)
