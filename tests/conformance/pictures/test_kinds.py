"""Each kind that docs/formats.md names is read rightly."""

from __future__ import annotations

import pytest

from tests.conformance.pictures.kinds import kinds
from tests.conformance.pictures.measured import measured
from utils.imaging.formats import Format

KINDS = [(known, name) for known, all_of_it in kinds().items() for name in all_of_it]


@pytest.mark.parametrize(("known", "name"), KINDS)
def test_a_kind_shows_its_picture(known: Format, name: str) -> None:
    made = kinds()[known][name]
    assert measured(known, made) <= made.most


def test_every_format_but_a_cameras_own_has_kinds() -> None:
    assert {known for known in Format if not known.is_raw} <= set(kinds())
