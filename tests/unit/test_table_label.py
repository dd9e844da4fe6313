"""Whose a table is, where no ledger says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingestion_orchestration_fastapi_app.domain.files.identity import root_at
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
    table_name,
)
from ingestion_orchestration_fastapi_app.domain.library.table_label import (
    Found,
    TableLabel,
    found_of,
)

ROOTS = frozenset({root_at(b"/photos")})
FILLING, ACTIVE, RETIRED = GenerationState
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def made_with(table: str, fingerprint: str = "fp") -> NewGeneration:
    return NewGeneration(table, "m", "w", 8, fingerprint)


def label(
    table: str,
    state: GenerationState = ACTIVE,
    *,
    day: int = 0,
    name: str = "trip",
    identity: str = "made once",
    fingerprint: str = "fp",
) -> TableLabel:
    made_at = BEGAN + timedelta(days=day)
    return TableLabel(identity, ROOTS, name, made_with(table, fingerprint), state, made_at)


def test_a_table_is_found_by_the_name_that_it_says_not_by_its_own() -> None:
    labels = {"default": label("default")}
    found = found_of("trip", labels)
    assert found == Found("made once", ROOTS, "default", ((made_with("default"), ACTIVE),))
    assert found_of("default", labels) is None, "it says that it is another's"


def test_a_table_that_says_no_name_is_found_by_its_own() -> None:
    table = table_name("Trip 1")
    assert found_of("Trip 1", {table: TableLabel()}) == Found("Trip 1", frozenset(), table, ())
    told = TableLabel("made once", ROOTS)
    assert found_of("Trip 1", {table: told}) == Found("made once", ROOTS, table, ())
    assert found_of("other", {table: told}) is None


def test_the_table_that_says_a_name_comes_before_one_that_is_called_so() -> None:
    found = found_of("trip", {"trip": TableLabel("older", ROOTS), "default": label("default")})
    assert found is not None
    assert found.table == "default"


def test_of_several_generations_the_one_that_says_so_answers() -> None:
    labels = {
        "new": label("new", FILLING, day=2, fingerprint="new"),
        "trip": label("trip", ACTIVE, day=1),
        "old": label("old", RETIRED, day=0, fingerprint="old"),
        "stranger": label("stranger", day=9, identity="another", name="other"),
    }
    found = found_of("trip", labels)
    assert found is not None
    assert found.generations == (
        (made_with("old", "old"), RETIRED),
        (made_with("trip"), ACTIVE),
        (made_with("new", "new"), FILLING),
    )


def test_where_it_is_unclear_which_one_answers_it_is_the_newest() -> None:
    for state in (ACTIVE, FILLING, RETIRED):  # a switch was cut off before or after it was told
        labels = {
            "trip": label("trip", state),
            "new": label("new", state, day=1, fingerprint="new"),
        }
        found = found_of("trip", labels)
        assert found is not None
        assert found.table == "new"
        assert [one for _, one in found.generations if one is ACTIVE] == [ACTIVE]


def test_a_name_that_not_all_tables_know_yet_is_that_of_the_one_that_answers() -> None:
    labels = {
        "trip": label("trip", RETIRED, name="of before"),
        "new": label("new", ACTIVE, day=1, fingerprint="new"),
    }
    found = found_of("trip", labels)
    assert found is not None
    assert len(found.generations) == 2
    assert found_of("of before", labels) is None


def test_of_two_collections_that_say_one_name_the_newest_is_found() -> None:
    labels = {
        "trip": label("trip", day=1),
        "trip-2": label("trip-2", day=2, identity="made again"),
    }
    found = found_of("trip", labels)
    assert found is not None
    assert (found.identity, len(found.generations)) == ("made again", 1)
