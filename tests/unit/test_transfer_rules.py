"""Where the folders of an export are here, and what a manifest must be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.exports.columns import schema
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, root_at
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    ExportedFile,
    Manifest,
    ManifestRefusedError,
    is_export_name,
    manifest_of,
)
from ingestion_orchestration_fastapi_app.domain.transfer.rows import COLUMNS, Reading, row_of
from ingestion_orchestration_fastapi_app.domain.transfer.target_roots import (
    moved_root,
    placed,
    roots_to_add,
)
from ingestion_orchestration_fastapi_app.ports.exports import Layout
from tests.component.transfer_images import DIM, IDENTITY, ROOT, image, manifest

FILE = ExportedFile(name="images-00000.parquet", rows=3, size_bytes=10, sha256="0" * 64)

names = st.binary(min_size=1, max_size=3).filter(lambda one: b"/" not in one and b"\0" not in one)
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: b"/" + b"/".join(parts))


def test_a_manifest_comes_back_as_it_was_written() -> None:
    told = manifest(FILE)
    assert manifest_of(told.json_bytes()) == told


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"format": "other"},
        {"rows": 4},
        {"files": [FILE.model_dump(), FILE.model_dump()], "rows": 6},
        {"files": [{**FILE.model_dump(), "name": "../x.parquet"}]},
        {"files": [{**FILE.model_dump(), "sha256": "x"}]},
        {"name": "../it"},
        {"upload_version": "3 ppm"},
        {"unknown": 1},
        {"model": {"name": "m", "weights": "", "fingerprint": "f", "dim": 10**9}},
        {"collection": {"name": "a/b", "identity": "i", "roots": []}},
        *(
            {
                "collection": {
                    "name": "a",
                    "identity": "i",
                    "roots": [{"id": str(ROOT.id), "path": "", "path_hex": path.hex()}],
                }
            }
            for path in (b"photos", b"/a//b", b"/a/../b", b"/a\0")
        ),
    ],
)
def test_what_a_manifest_may_not_say_is_refused_in_words(change: dict[str, Any]) -> None:
    said = json.loads(manifest(FILE).json_bytes()) | change
    with pytest.raises(ManifestRefusedError) as refused:
        manifest_of(json.dumps(said).encode())
    assert 0 < len(str(refused.value)) <= 300


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"format": "photoseek-export"}'])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestRefusedError):
        manifest_of(content)


def test_the_columns_on_the_disk_are_those_of_a_row() -> None:
    assert tuple(schema(Layout(DIM, thumbnails=True)).names) == (*COLUMNS, "vector")
    assert set(row_of(image(1))) == set(COLUMNS)
    assert is_export_name("a.b-c_1")
    assert not any(map(is_export_name, ("", ".a", "a/b", "a b", "é", "a" * 129)))


def test_a_row_of_an_image_is_that_image() -> None:
    told: Manifest = manifest()
    for number in range(4):
        one = image(number)
        back = Reading(told).image({**row_of(one), "vector": one.point.vector})
        assert repr(back) == repr(one)


def test_a_folder_is_mapped_by_itself_or_by_the_closest_above_it() -> None:
    root = root_at(b"/old/pictures/2019")
    assert moved_root(root, {}) == (root, None)
    assert moved_root(root, {"/new": b"/x"}) == (root, None)
    moves = {"/old": b"/a", "/old/pictures": b"/b"}
    assert moved_root(root, moves) == (Root(root.id, b"/b/2019"), "/old/pictures")
    odd = root_at(b"/old/\xff")
    assert moved_root(odd, {"/old/\\xff": b"/n"}) == (Root(odd.id, b"/n"), "/old/\\xff")


@given(st.lists(paths, unique=True, max_size=5), st.lists(paths, unique=True, max_size=4))
def test_roots_that_are_added_in_two_goes_are_those_that_are_added_in_one(
    wanted: list[bytes], known: list[bytes]
) -> None:
    before = [root_at(path) for path in known]
    roots = [root_at(path) for path in wanted]
    added = roots_to_add(roots, before)
    ids = [root.id for root in (*before, *added)]
    assert len(set(ids)) == len(ids)
    for root in roots:
        assert deepest_root(root.path, [*before, *added]) is not None
    for cut in range(len(added) + 1):
        rest = roots_to_add(roots, [*before, *added[:cut]])
        assert rest == added[cut:]


def test_an_image_keeps_its_id_in_its_own_collection_and_has_another_elsewhere() -> None:
    point = image(1).point
    same = placed(point, old=ROOT, new=ROOT, roots=[ROOT], identity=IDENTITY)
    assert same is not None
    assert same[1] == point
    moved = Root(ROOT.id, b"/elsewhere")
    found = placed(point, old=ROOT, new=moved, roots=[moved], identity=IDENTITY)
    assert found is not None
    assert (found[1].id, found[0]) == (point.id, same[0])
    assert found[1].path == point.path.replace(b"/photos", b"/elsewhere")
    other = placed(point, old=ROOT, new=ROOT, roots=[ROOT], identity="other")
    assert other is not None
    assert other[1].id != point.id
    assert placed(point, old=ROOT, new=moved, roots=[ROOT], identity=IDENTITY) is None


def test_a_point_of_a_deeper_root_belongs_to_that() -> None:
    deep = root_at(b"/photos/a")
    point = image(1).point
    found = placed(point, old=ROOT, new=ROOT, roots=[ROOT, deep], identity=IDENTITY)
    assert found is not None
    assert (found[1].root_id, found[0].path) == (deep.id, b"00001 \xff.jpg")
    assert found[1] == replace(point, id=found[1].id, root_id=deep.id)
