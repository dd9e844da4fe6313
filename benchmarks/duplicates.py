"""A search for duplicates in a large collection: how long each class takes, and the memory.

python -m benchmarks.duplicates --count 100000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import httpx
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.report import BenchmarkFailed, Report, Target, parser_of, run
from benchmarks.store import ROOT_ID, points
from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.domain.duplicates.records import GroupCounts
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.catalogue import key_of
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.duplicates.job import DUPLICATES
from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.contract.duplicates.options import DuplicateClass
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import thumbnail_webp
from utils.metadata.photo_metadata import Metadata, TakenAtSource

NAME = "default"
DIM = 768
SUBJECTS = 2000
GROUP_ROWS = 8192
MOST_S = 600.0  # at 100,000 images
MOST_MB = 1500.0
LEAST_SHARE = 0.95  # of the groups that were made, that are found
ROOT = Root(ROOT_ID, b"/photos")
BASE = datetime(2005, 1, 1)  # noqa: DTZ001  # a camera's clock has no zone
# Of a hundred images so many are in groups of that class, of that many images.
SHARES = {
    DuplicateClass.SAME_BYTES: (4, 2),
    DuplicateClass.RAW_JPEG: (10, 2),
    DuplicateClass.SAME_PICTURE: (6, 2),
    DuplicateClass.BURST: (8, 4),
    DuplicateClass.LOOK_ALIKE: (6, 3),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A point, and its thumbnail where somebody will look at it."""

    point: Point
    thumbnail: bytes | None = None


class Library:
    """Photographs of which it is known what belongs together. Seeded."""

    def __init__(self, count: int) -> None:
        self._random = np.random.default_rng(0)
        self._subjects = self._directions(SUBJECTS)
        self._count = count
        self.groups: dict[DuplicateClass, int] = {}

    def _directions(self, number: int) -> npt.NDArray[np.float32]:
        made = self._random.standard_normal((number, DIM), np.float32)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)

    def images(self) -> Iterator[list[Made]]:
        """In groups of rows."""
        for start in range(0, self._count, GROUP_ROWS):
            rows = min(GROUP_ROWS, self._count - start)
            subjects = self._subjects[self._random.integers(0, SUBJECTS, rows)]
            vectors = subjects * np.float32(0.8) + self._directions(rows) * np.float32(0.6)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            made = [
                Made(self._alone(one, start + at)) for at, one in enumerate(points(start, vectors))
            ]
            yield self._grouped(made)

    def _alone(self, point: Point, number: int) -> Point:
        taken = Metadata(
            taken_at=BASE + timedelta(minutes=number),
            taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL,
            camera_make="Canon",
            camera_model="EOS R5",
        )
        phash = int(self._random.integers(0, 2**64, dtype=np.uint64))
        return replace(point, metadata=taken, phash=phash, width_px=6000, height_px=4000)

    def _grouped(self, made: list[Made]) -> list[Made]:
        at = 0
        for kind, (share, size) in SHARES.items():
            for _ in range(len(made) * share // 100 // size):
                made[at : at + size] = self._group(kind, made[at : at + size])
                self.groups[kind] = self.groups.get(kind, 0) + 1
                at += size
        return made

    def _group(self, kind: DuplicateClass, some: Sequence[Made]) -> list[Made]:
        first = some[0].point
        if kind is DuplicateClass.SAME_BYTES:
            others = [replace(one.point, sha256=first.sha256, phash=first.phash) for one in some]
            return [Made(one) for one in others]
        if kind is DuplicateClass.RAW_JPEG:
            path = first.path.removesuffix(b".jpg") + b".cr3"
            raw = replace(some[1].point, path=path, display_path=path.decode(), format="cr3")
            return [some[0], Made(raw)]
        if kind is DuplicateClass.LOOK_ALIKE:
            return [Made(replace(one.point, vector=self._near(first))) for one in some]
        return self._pictures(kind, first, [one.point for one in some])

    def _near(self, point: Point) -> npt.NDArray[np.float32]:
        vector = point.vector + self._directions(1)[0] * np.float32(0.1)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def _pictures(self, kind: DuplicateClass, first: Point, some: Sequence[Point]) -> list[Made]:
        """Copies of a smaller size, or frames a second apart that are a little aside."""
        coarse = self._random.integers(0, 256, (12, 18, 3), dtype=np.uint8)
        large = Image.fromarray(coarse).resize((400, 280), Image.Resampling.BICUBIC)
        made = []
        for number, one in enumerate(some):
            is_copy = kind is DuplicateClass.SAME_PICTURE
            left, top = (10, 10) if is_copy else (10 + 5 * number, 10 + 3 * number)
            image = large.crop((left, top, left + 320, top + 213))
            second = timedelta(seconds=0 if is_copy else number)
            assert first.metadata.taken_at is not None
            taken = replace(first.metadata, taken_at=first.metadata.taken_at + second)
            size = 6000 // (number + 1) if is_copy else 6000
            made.append(
                Made(
                    replace(
                        one,
                        phash=perceptual_hash(image),
                        metadata=taken,
                        width_px=size,
                        height_px=size * 213 // 320,
                        vector=self._near(first),
                    ),
                    thumbnail_webp(image, 320),
                )
            )
        return made


async def filled(services: AppState, library: Library) -> None:
    ports = services.ports
    made = await services.collections.create(NAME)
    await ports.ledger.roots.add(made.id, ROOT)
    new = NewGeneration(NAME, "m", "w", DIM, "fingerprint")
    await ports.store.create(NAME, dim=DIM)
    await ports.ledger.generations.bind(made.id, new, synced_version=1)
    for group in library.images():
        some = [one.point for one in group]
        await ports.store.write(NAME, some, may_exist=())
        keyed = [(key_of(one, (ROOT,)), one) for one in some]
        await ports.ledger.catalogue.put(
            made.id, [(key, one) for key, one in keyed if key is not None]
        )
        pictures = {
            one.point.picture_key: Picture("jpeg", 1, 1, one.point.phash, False, "image", webp)
            for one in group
            if (webp := one.thumbnail) is not None
        }
        await ports.cache.put_pictures(ports.preparation.picture_version, pictures)
    while await ports.store.upkeep(NAME) is not None:
        pass


async def searched(services: AppState) -> JobRecord:
    collection = await services.collections.get(NAME)
    request = services.scheduler.kinds.named(DUPLICATES).request(NAME, {})
    record = await services.scheduler.submit(collection, request)
    while record.state not in FINAL:
        await anyio.sleep(0.1)
        found = await services.ports.ledger.jobs.find(record.id)
        assert found is not None
        record = found
    return record


async def measured(folder: Path, library: Library) -> tuple[JobRecord, GroupCounts, float, float]:
    """The job, its groups, how long it took, and by how many MB the process grew."""
    settings = Settings(data_dir=folder / "data", ingest_roots=(folder,), min_free_bytes=0)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("there is no inference service", request=request)

    app = create_app(settings, ml_transport=httpx.MockTransport(refuse))
    async with app.router.lifespan_context(app):
        services: AppState = app.state.services
        await filled(services, library)
        before_mb = _peak_mb(anew=True)
        began = time.perf_counter()
        record = await searched(services)
        spent_s = time.perf_counter() - began
        collection = await services.collections.get(NAME)
        run_found = await services.ports.ledger.duplicate_groups.shown(collection.id)
        if run_found is None:
            raise BenchmarkFailed(f"the search ended as {record.state}: {record.reason}")
        counts = await services.ports.ledger.duplicate_groups.counts(run_found.id, NO_FILTERS)
        return record, counts, spent_s, _peak_mb(anew=False) - before_mb


def _peak_mb(*, anew: bool) -> float:
    """The most that the process has held; `anew`: from now on, and what it holds now."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


def measure(options: argparse.Namespace, folder: Path) -> Report:
    library = Library(options.count)
    record, counts, spent_s, grown_mb = anyio.run(measured, folder, library)
    shares = {
        kind: min(1.0, counts.groups.get(kind, 0) / made) for kind, made in library.groups.items()
    }
    stages = record.progress.stages
    targets = [
        Target("seconds", MOST_S, spent_s, at_most=True),
        Target("MB that the process grows by", MOST_MB, grown_mb, at_most=True),
        Target("least share of groups found", LEAST_SHARE, min(shares.values())),
    ]
    return Report(
        title=f"{options.count:,} images of {DIM} numbers",
        columns=("what", "groups made", "groups found", "s"),
        rows=[
            ("read", "", "", f"{stages.get('read', 0):,.1f}"),
            *(
                (
                    kind.value,
                    f"{library.groups[kind]:,}",
                    f"{counts.groups.get(kind, 0):,}",
                    f"{stages.get(kind.value, 0):,.1f}",
                )
                for kind in DuplicateClass
            ),
            ("store", "", "", f"{stages.get('store', 0):,.1f}"),
        ],
        targets=targets,
        figures={
            "count": options.count,
            "seconds": round(spent_s, 1),
            "grown_mb": round(grown_mb),
            "stages_s": {name: round(spent, 1) for name, spent in stages.items()},
            "found": {kind.value: round(share, 3) for kind, share in shares.items()},
        },
    )


def main() -> None:
    parser = parser_of("duplicates", __doc__)
    parser.add_argument("--count", type=int, default=100_000, help="images; at least 1,000")
    run(parser, measure)


if __name__ == "__main__":
    main()
