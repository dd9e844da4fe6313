"""A collection with a catalogue of 150 pictures, and filters on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import point_id, root_at
from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    Annotation,
    NewAlbum,
    SavedSearch,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Order,
    Sort,
)
from ingestion_orchestration_fastapi_app.domain.library.filters import (
    NO_FILTERS,
    Box,
    Circle,
    Filters,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import STAT, complete, key, running, stored
from tests.unit.test_ledger_catalogue import point
from utils.contract import Orientation
from utils.metadata.photo_metadata import Metadata

INNER = root_at(b"/photos/inner")
OTHER = root_at(b"/photos-2")
ROOTS = (root_at(b"/photos"), INNER, OTHER)
FOLDERS = [b"", b"a", b"a/b", b"a-c", b"A", "Été".encode(), b"\xff\xfe", b"100%_'"]
ALBUM = UUID(int=7)
BASE = datetime(1969, 12, 30)  # noqa: DTZ001  # a camera's clock has no zone
ORDERS = [Order(sort, down) for sort in Sort for down in (False, True)]
FILTERS = [
    NO_FILTERS,
    Filters(taken_after=BASE + timedelta(days=3)),
    Filters(taken_before=BASE + timedelta(days=3, hours=5)),
    Filters(taken_after=BASE),
    Filters(taken_after=BASE + timedelta(hours=1), taken_before=BASE + timedelta(days=9)),
    Filters(camera="nikon"),
    Filters(camera=" "),
    Filters(camera="n 100%_'d'"),
    Filters(camera="\udcff"),
    Filters(lens="EF 24"),
    Filters(lens="%"),
    Filters(cameras=("nikon", "CANON 100%_'D'")),
    Filters(cameras=("canon", " nikon", "\udcff")),
    Filters(cameras=(), rating_min=0),
    Filters(lenses=("ef 24-105mm f/4l", "%")),
    Filters(rating_min=-1),
    Filters(rating_min=3),
    Filters(rating_min=2**70),
    Filters(keywords=("rom",)),
    Filters(keywords=("ROM", "e\u0301te\u0301")),
    Filters(keywords=("ro",)),
    Filters(keywords=("Rom\x1fÉté",)),
    Filters(path_prefix="/"),
    Filters(path_prefix="/photos"),
    Filters(path_prefix="/photos/"),
    Filters(path_prefix="/photos//"),
    Filters(path_prefix="/PHOTOS/A"),
    Filters(path_prefix="/photos/a/"),
    Filters(path_prefix="/photos/a/b/7"),
    Filters(path_prefix="/photos/e\u0301t"),
    Filters(path_prefix="/photos/inner/"),
    Filters(path_prefix="/photos/1"),
    Filters(path_prefix="/elsewhere"),
    Filters(formats=("jpeg", "heic")),
    Filters(formats=()),
    Filters(formats=("' OR 1=1 --",)),
    Filters(min_width_px=120, min_height_px=1960),
    Filters(has_gps=True),
    Filters(has_gps=False, formats=("png",)),
    Filters(within=()),
    Filters(within=(b"/photos",)),
    Filters(within=(b"/photos/a", b"/photos-2")),
    Filters(within=(b"/",), rating_min=0),
    Filters(outside=(b"/photos/a",)),
    Filters(outside=(b"/photos/a", b"/photos-2", b"/else"), rating_min=0),
    Filters(outside=(b"/photos",), within=(b"/photos", b"/photos-2")),
    Filters(none_of=(Filters(outside=(b"/photos/a",)),)),
    Filters(include_hidden=True),
    Filters(rating_max=0),
    Filters(rating_min=0, rating_max=3),
    Filters(folder="/PHOTOS/A"),
    Filters(folder="/photos/a", subfolders=False),
    Filters(folder="/photos/inner/", subfolders=False),
    Filters(folder="/photos", subfolders=False),
    Filters(folder="/photos//", subfolders=False),
    Filters(folder="/", subfolders=False),
    Filters(folder="/"),
    Filters(max_width_px=120, max_height_px=1990),
    Filters(max_width_px=2**40, max_height_px=2**70),
    Filters(min_pixels=120 * 1980),
    Filters(min_pixels=120 * 1980 + 1, max_pixels=200 * 1900),
    Filters(max_pixels=2**70),
    Filters(min_pixels=2**70),
    Filters(min_size_bytes=10, max_size_bytes=10),
    Filters(min_size_bytes=11),
    *(Filters(orientation=one) for one in Orientation),
    Filters(box=Box(-90, -180, 90, 180)),
    Filters(box=Box(-50, 100, 60, -20)),
    Filters(circle=Circle(2, 7.5, radius_km=3000)),
    Filters(circle=Circle(2, -172.5, radius_km=20_040)),
    Filters(circle=Circle(89.95, 7.5, radius_km=9_800)),
    Filters(ids=frozenset(point_id("default", ROOTS[0].id, b"%d.jpg" % n) for n in range(150))),
    Filters(ids=frozenset()),
    Filters(has_caption=True),
    Filters(favourite=True),
    Filters(favourite=False, rating_min=2),
    Filters(tags=("PRINT",)),
    Filters(tags=("print", "été ")),
    Filters(tags=("prin",)),
    Filters(album=ALBUM),
    Filters(kept_out_of=ALBUM),
    Filters(album=ALBUM, kept_out_of=UUID(int=1)),
    Filters(album=UUID(int=1)),
    Filters(camera="nikon", none_of=(Filters(album=ALBUM), Filters(kept_out_of=ALBUM))),
    Filters(has_caption=False, camera="nikon"),
    Filters(any_of=(Filters(camera="nikon"), Filters(rating_min=3), Filters(camera="no one's"))),
    Filters(all_of=(Filters(camera="nikon"), Filters(rating_min=3))),
    Filters(camera="nikon", none_of=(Filters(rating_min=3), Filters(taken_after=BASE))),
    Filters(any_of=(Filters(ids=frozenset()), Filters(none_of=(Filters(any_of=(NO_FILTERS,)),)))),
]
ANNOTATIONS = [
    Annotation(rating=5, tags=("print",)),
    Annotation(favourite=True),
    Annotation(rating=-1, favourite=False, tags=("E\u0301te\u0301", "Print")),
    Annotation(favourite=True, tags=("x",)),
]
OPPOSITES = [Filters(none_of=(one,)) for one in FILTERS]


def pictures(roots: tuple[Root, ...] = ROOTS) -> list[tuple[Root, bytes, Metadata]]:
    random = Random(5)
    found = []
    for number in range(150):
        folder = random.choice(FOLDERS)
        name = b"%d.jpg" % (number * 7 % 150)
        metadata = Metadata(
            taken_at=None if number % 5 == 0 else BASE + timedelta(hours=number // 3),
            camera_make=("NIKON", "Canon", None, "canon")[number % 4],
            camera_model="100%_'D'" if number % 2 else None,
            lens="EF 24-105mm f/4L" if number % 3 else None,
            latitude=random.uniform(-89, 89) if number % 4 else None,
            longitude=random.uniform(-179, 179) if number % 4 else None,
            rating=(None, -1, 0, 3, 5)[number % 5],
            keywords=(("Rom", "Été"), ("Romans",), (), ("Places|Rom", "ROM"))[number % 4],
        )
        path = folder + b"/" + name if folder else name
        found.append((roots[number % len(roots)], path, metadata))
    return found


async def filled(ledger: Ledger) -> int:
    made = await running(ledger)
    for root in ROOTS[1:]:
        await ledger.roots.add(made.id, root)
    outcomes = []
    for number, (root, path, metadata) in enumerate(pictures()):
        absolute = root.path + b"/" + path
        listed = replace(
            point(path, metadata),
            id=point_id("default", root.id, path),
            root_id=root.id,
            path=absolute,
            display_path=absolute.decode("utf-8", "backslashreplace"),
            format=("jpeg", "png", "heic")[number % 3],
            width_px=100 + number,
            height_px=2000 - number,
            sha256=number.to_bytes(32, "big"),
        )
        outcome = replace(stored(path), key=key(path, root), point_id=listed.id, stat=STAT)
        if number % 3 == 0:
            said = artefacts.stored(Kind.CAPTION, "blip")
            outcome = replace(outcome, artefacts=(*outcome.artefacts, said))
        outcomes.append(replace(outcome, outcome=Outcome.CACHED, catalogued=listed))
    await complete(ledger, made, *outcomes)
    for number, outcome in enumerate(outcomes[::4]):
        assert outcome.catalogued is not None, "it was made so above"
        await ledger.annotations.put(outcome.catalogued.sha256, ANNOTATIONS[number % 4])
    contents = [number.to_bytes(32, "big") for number in range(0, 150, 3)]
    search = SavedSearch("{}", None)
    await ledger.albums.create(NewAlbum(ALBUM, "an album", "default", search), contents)
    await ledger.albums.take_out(ALBUM, contents[::2])
    return made.id
