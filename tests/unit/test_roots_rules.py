"""Ids of roots are made once, and a re-pointed root changes paths only."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.identity import point_id, root_at
from ingestion_orchestration_fastapi_app.domain.files.roots import (
    moved_path,
    new_root,
    overlaps,
    relative_path,
    repointed,
)
from tests.component.store_fixtures import point

ROOT = root_at(b"/photos")
NAMES = st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & set(b"/\0"))
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(b"/".join)


def test_a_root_has_the_id_of_its_path_unless_another_root_has_it_already() -> None:
    first = new_root(b"/photos", ())
    assert first == ROOT
    second = new_root(b"/photos", {first.id})
    third = new_root(b"/photos", {first.id, second.id})
    assert len({first.id, second.id, third.id}) == 3
    assert {second.path, third.path} == {b"/photos"}
    assert new_root(b"/photos", {first.id}) == second  # two imports at once make one root


def test_a_path_is_moved_with_its_folder() -> None:
    assert moved_path(b"/a", b"/a", b"/b") == b"/b"
    assert moved_path(b"/a/x/y", b"/a", b"/b/c") == b"/b/c/x/y"
    assert moved_path(b"/x", b"/", b"/b") == b"/b/x"
    assert moved_path(b"/a/x", b"/a", b"/") == b"/x"


@given(PATHS, PATHS, PATHS)
def test_a_point_is_repointed_wherever_its_root_was(old: bytes, new: bytes, path: bytes) -> None:
    made = replace(
        point(1), id=point_id("c", ROOT.id, path), root_id=ROOT.id, path=b"/%b/%b" % (old, path)
    )
    assert relative_path(made, "c") == path
    moved = repointed(made, "c", b"/" + new)
    if new == old:
        assert moved is None
        return
    assert moved is not None
    assert moved.path == b"/%b/%b" % (new, path)
    assert moved.display_path == moved.path.decode("utf-8", "backslashreplace")
    assert moved.id == made.id
    assert repointed(moved, "c", b"/" + new) is None  # again is harmless


def test_what_is_of_no_known_path_stays_as_it_is() -> None:
    assert repointed(replace(point(1), id=uuid4()), "c", b"/new") is None


def test_roots_that_would_meet_after_a_move_are_found() -> None:
    inner, other = root_at(b"/photos/in"), root_at(b"/other")
    roots = [ROOT, inner, other]

    def pairs(**moves: bytes) -> list[tuple[bytes, bytes]]:
        named = {"photos": ROOT, "inner": inner, "other": other}
        by_id = {named[name].id: path for name, path in moves.items()}
        return [(moved.path, stays.path) for moved, stays in overlaps(roots, by_id)]

    assert pairs(photos=b"/new", inner=b"/new/in") == []
    assert pairs(photos=b"/other/x", inner=b"/other/x/in") == [
        (b"/other/x", b"/other"),
        (b"/other/x/in", b"/other"),
    ]
    assert pairs(other=b"/photos/in/deep") == [
        (b"/photos/in/deep", b"/photos"),
        (b"/photos/in/deep", b"/photos/in"),
    ]
    assert pairs(other=b"/") == [(b"/", b"/photos"), (b"/", b"/photos/in")]
    assert pairs(other=b"/otherwise") == []
