"""What a file says of itself, as it is searched."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.library.words import text_of
from tests.component.store_fixtures import point
from utils.metadata.photo_metadata import Metadata


def test_a_text_holds_title_description_keywords_and_names_below_the_root() -> None:
    metadata = Metadata(title="Été", description="Am SEE", keywords=("Rom", "Places|Rom"))
    one = replace(point(1, metadata=metadata), path="/home/anna/Fotos/Zürich/A_1.jpg".encode())
    assert text_of(one, b"/home/anna/Fotos") == "été\nam see\nrom\nplaces|rom\nzürich/a_1.jpg"


def test_a_file_that_says_nothing_has_its_name() -> None:
    one = replace(point(1, metadata=Metadata()), path=b"/a/\xff1.JPG")
    assert text_of(one, b"/") == "a/\\xff1.jpg"


def test_a_file_that_is_not_below_the_root_has_its_name_alone() -> None:
    one = replace(point(1, metadata=Metadata()), path=b"/moved/away/1.jpg")
    assert text_of(one, b"/photos") == "1.jpg"
