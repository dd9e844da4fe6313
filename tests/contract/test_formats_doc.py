"""docs/formats.md says what the code reads."""

from __future__ import annotations

from tests.conformance.pictures.kinds import kinds
from tests.contract.formats_doc import _READERS, DOCUMENT, chapter, split
from utils.imaging.formats import IMAGE_EXTENSIONS, Format


def test_the_chapter_on_pictures_is_what_the_tables_say() -> None:
    assert split(DOCUMENT.read_text())[1] == chapter(), "run: make formats"


def test_each_format_has_a_reader_and_kinds() -> None:
    rendered = {known for known in Format if not known.is_raw}
    assert set(_READERS) == rendered
    assert rendered <= set(kinds())


def test_each_name_of_a_picture_is_told() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in sorted(IMAGE_EXTENSIONS) if f"`.{name}`" not in text] == []
