"""`Accept` decides between the formats of a preview, and never refuses one."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.api.library.pictures.accepted import accepted_format

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ([], "jpeg"),
        ([""], "jpeg"),
        (["*/*"], "jpeg"),
        ([CHROME], "jpeg"),
        (["image/webp"], "webp"),
        (["IMAGE/WEBP;Q=0.2"], "webp"),
        (["image/webp,*/*;q=0.5"], "webp"),
        (["image/jpeg;q=0.4", "image/webp;q=0.5"], "webp"),
        (["image/jpeg,image/webp;q=0.9"], "jpeg"),
        (["image/webp;q=0, */*"], "jpeg"),
        (["image/webp;q=many"], "jpeg"),
        (["image/webp;q=nan"], "jpeg"),
        (["text/html"], "jpeg"),
    ],
)
def test_webp_is_given_where_it_is_preferred_and_jpeg_elsewhere(
    accept: list[str], wanted: str
) -> None:
    assert accepted_format(accept) == wanted
