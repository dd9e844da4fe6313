"""The newest folders come first, by days, then by the numbers in their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.scanning.folder_order import newest_first
from tests.picture_files import LONG_AGO_NS, put
from tests.unit.test_scan import scanned

pytestmark = pytest.mark.anyio
DAY_NS = 24 * 3600 * 10**9


def test_the_folder_that_changed_last_comes_first() -> None:
    folders = [(b"/p/b", DAY_NS), (b"/p/c", 0), (b"/p/a", 9 * DAY_NS)]
    assert newest_first(folders) == [b"/p/a", b"/p/b", b"/p/c"]


def test_of_one_day_the_greatest_numbers_in_the_names_come_first() -> None:
    """As of a library that was copied, whatever the order in which its folders were made."""
    names = [b"2023", b"2024-10", b"2024-9", b"2024-10-02 sea", b"2022 and more"]
    folders = [(b"/p/" + name, DAY_NS + at) for at, name in enumerate(names)]
    expected = [b"2024-10-02 sea", b"2024-10", b"2024-9", b"2023", b"2022 and more"]
    assert newest_first(folders) == [b"/p/" + name for name in expected]


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=9).map(lambda name: b"/p/" + name.replace(b"/", b"")),
        st.integers(-(2**63), 2**63 - 1),
    )
)
def test_any_folders_come_once_each(folders: dict[bytes, int]) -> None:
    assert sorted(newest_first(folders.items())) == sorted(folders)


async def test_a_scan_ends_the_newest_folder_before_it_begins_the_next(tmp_path: Path) -> None:
    """Also where an inner folder is older than what comes after it: no folder is left half-way."""
    days = {"new": 30, "new/old": 1, "new/older": 0, "middle": 20, "middle/newest": 90, "last": 10}
    for name in days:
        put(tmp_path / name / "a.jpg", b"the scan opens no file")
    for name, day in days.items():
        at_ns = LONG_AGO_NS + day * DAY_NS
        os.utime(tmp_path / name, ns=(at_ns, at_ns))
    files, _ = await scanned(tmp_path)
    met = [os.fsdecode(file.path).removesuffix("/a.jpg") for file in files]
    assert met == ["new", "new/old", "new/older", "middle", "middle/newest", "last"]
