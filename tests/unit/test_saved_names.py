"""Names in an archive: each once on any disk, and none that deceives or leaves its folder."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.saved_names import MAX_NAME, UniqueNames
from utils.imaging.formats import Format, has_image_extension
from utils.text.folded import folded


def named(*names: str) -> list[str]:
    unique = UniqueNames("MISSING.txt")
    return [unique.unique(name, Format.JPEG) for name in names]


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert named("a.jpg", "A.JPG", "a.jpg", "a (2).jpg", "b.jpg") == [
        "a.jpg",
        "A (2).JPG",
        "a (3).jpg",
        "a (2) (2).jpg",
        "b.jpg",
    ]
    assert named("e\u0301.jpg", "\u00e9.jpg")[1] == "\u00e9 (2).jpg"


def test_no_name_leads_out_of_the_folder_or_opens_as_a_page() -> None:
    assert named("../../etc/passwd", "..", "a\\b.jpg", "c:d?.jpg", "x.html", "MISSING.txt") == [
        "_.._etc_passwd.jpg",
        "_.jpg",
        "a_b.jpg",
        "c_d_.jpg",
        "x.html.jpg",
        "MISSING.txt.jpg",
    ]


@given(st.lists(st.text(max_size=300), max_size=30))
def test_all_names_are_unique_and_plain(names: list[str]) -> None:
    found = named(*names)
    assert len({folded(name) for name in found}) == len(found)
    for name in found:
        assert 0 < len(name) <= MAX_NAME + len(" (30)")
        assert not set(name) & set('/\\<>:"|?*\0\n')
        assert not name.startswith(".")
        name.encode()
        assert has_image_extension(name)
