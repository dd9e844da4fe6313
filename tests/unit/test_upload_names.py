"""Under which names uploaded files are kept."""

from __future__ import annotations

import unicodedata
from datetime import date
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.uploads.folders import upload_folder
from ingestion_orchestration_fastapi_app.domain.uploads.names import (
    MAX_NAME_BYTES,
    free_names,
    stored_name,
)

DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("../../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("a\0b.png", "ab.png"),
        ("e\u0301.png", "é.png"),
        (".hidden.png", "hidden.png"),
        ("dots...", "dots"),
        ("CON.png", "_CON.png"),
        ("nul", "_nul"),
        ("com7 .jpg", "_com7.jpg"),
        ("console.png", "console.png"),
        ('a<b>:"|?*.png', "a_b______.png"),
        ("gnp\u202egpj.png", "gnpgpj.png"),
        ("family 👨‍👩‍👧.jpg", "family 👨‍👩‍👧.jpg"),
        ("..", "picture"),
        ("/", "picture"),
        ("", "picture"),
    ],
)
def test_a_name_is_as_any_disk_can_hold_it(sent: str, stored: str) -> None:
    assert stored_name(sent, otherwise="picture") == stored


@given(st.text(max_size=400) | st.text("é🙂./\\ ", max_size=400))
def test_a_name_is_one_name_short_and_stays_what_it_is(sent: str) -> None:
    name = stored_name(sent, otherwise="picture")
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert not {"/", "\\", "\0"} & set(name)
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert unicodedata.is_normalized("NFC", name)
    assert stored_name(name, otherwise="picture") == name
    for one in free_names(name, b"\x01" * 32):
        assert len(one.encode()) <= 255


def test_a_long_name_keeps_its_extension() -> None:
    name = stored_name("é" * 300 + ".jpeg", otherwise="picture")
    assert name.endswith("é.jpeg")


def test_taken_names_are_numbered_and_in_the_end_named_by_content() -> None:
    names = list(free_names("a.b.jpg", bytes(32)))
    assert list(islice(names, 3)) == ["a.b.jpg", "a.b (2).jpg", "a.b (3).jpg"]
    assert names[-1] == "00" * 32 + ".jpg"
    assert len(names) == len(set(names))


def collection(number: int, name: str, *roots: bytes) -> CollectionRecord:
    made: tuple[Root, ...] = tuple(map(root_at, roots))
    return CollectionRecord(number, name, (), made, None, identity=f"identity-{number}")


def test_a_collection_has_a_folder_of_its_own_in_the_inbox() -> None:
    cats = collection(1, "cats", b"/photos")
    assert upload_folder(b"/in", cats, [], day=DAY) == ("cats", "2026-06-01")
    renamed = collection(2, "dogs", b"/photos", b"/in/cats")
    assert upload_folder(b"/in", renamed, [], day=DAY)[0] == "cats"
    assert upload_folder(b"/in", cats, [renamed], day=DAY)[0] == "cats-2"
