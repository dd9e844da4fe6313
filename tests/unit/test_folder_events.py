"""However many folders are touched, what is taken is small and covers them all."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.collection import Watch
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import (
    MAX_FOLDERS,
    MAX_QUIETS,
    DirtyFolders,
)
from ingestion_orchestration_fastapi_app.watch.change_scan import scopes

names = st.sampled_from([b"a", b"b", b"a b", b"a!", b"\xff"])
folders = st.lists(names, max_size=4).map(lambda parts: b"/".join([b"/p", *parts]))
touches = st.lists(st.tuples(folders, st.booleans()), max_size=40)


@given(touches, st.booleans())
def test_what_is_looked_at_covers_every_touch_and_meets_no_folder_twice(
    given_touches: list[tuple[bytes, bool]], recursive: bool
) -> None:
    touched = DirtyFolders(lambda: 0.0)
    first = [touched.add(folder, deep=deep) for folder, deep in given_touches]
    assert sum(first) == bool(given_touches)
    taken = touched.take()
    assert not taken.whole
    found = scopes(Watch(b"/p", recursive=recursive), taken.folders)
    for folder, deep in given_touches:
        covering = [
            one for one in found if one[0] == folder or (one[1] and is_within(folder, one[0]))
        ]
        assert len(covering) == 1
        assert covering[0][1] or not (deep and recursive)
    deep_ones = [folder for folder, deep in found if deep]
    for folder, _ in found:
        assert [one for one in deep_ones if is_within(folder, one)] in ([], [folder])
    assert touched.take().folders == {}


def test_too_many_folders_are_anywhere() -> None:
    touched = DirtyFolders(lambda: 0.0)
    for number in range(MAX_FOLDERS + 5):
        touched.add(b"/p/%d" % number, deep=False)
    taken = touched.take()
    assert taken.whole
    assert taken.folders == {}


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_touches_are_due_when_it_is_quiet_and_at_the_latest_after_so_many_quiets(
    gaps_s: list[float],
) -> None:
    now_s = 0.0
    touched = DirtyFolders(lambda: now_s)
    assert touched.due_s(2) == math.inf
    for gap_s in gaps_s:
        now_s += gap_s
        touched.add(b"/p", deep=False)
    assert touched.due_s(2) == min(now_s + 2, gaps_s[0] + MAX_QUIETS * 2)
