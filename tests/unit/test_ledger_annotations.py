"""What people say of pictures, for SQLite and for its twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.annotations import (
    NO_ANNOTATION,
    Annotation,
    AnnotationChange,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import a_ledger, complete, pid, running, stored
from utils.problems import ValidationProblem
from utils.text.folded import folded

pytestmark = pytest.mark.anyio

ONE, OTHER, THIRD = (bytes([number]) * 32 for number in range(3))
SAID = Annotation(rating=4, favourite=True, tags=("print", "Sommer"))


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with a_ledger(request.param, tmp_path) as opened:
        yield opened


async def test_what_is_said_is_there_until_it_is_taken_back(ledger: Ledger) -> None:
    said = ledger.annotations
    await said.put(ONE, SAID)
    await said.put(OTHER, Annotation(favourite=False))
    assert await said.find([ONE, OTHER, THIRD]) == {ONE: SAID, OTHER: Annotation(favourite=False)}
    await said.put(ONE, Annotation(rating=-1, tags=("print",)))
    assert await said.find([ONE, ONE]) == {ONE: Annotation(rating=-1, tags=("print",))}
    await said.put(ONE, NO_ANNOTATION)
    assert await said.find([ONE]) == {}
    assert await said.find([]) == {}


async def test_what_people_said_is_not_replaced_by_what_was_missing(ledger: Ledger) -> None:
    said = ledger.annotations
    await said.put(ONE, SAID)
    other = Annotation(rating=1, tags=("other",))
    await said.put_missing({ONE: other, OTHER: other})
    assert await said.find([ONE, OTHER, THIRD]) == {ONE: SAID, OTHER: other}
    await said.put_missing({})
    assert await said.find([ONE, OTHER, THIRD]) == {ONE: SAID, OTHER: other}


async def test_a_change_leaves_what_it_does_not_name(ledger: Ledger) -> None:
    said = ledger.annotations
    await said.put(ONE, SAID)
    change = AnnotationChange(rating=2, add_tags=("new",), remove_tags=("SOMMER", "unknown"))
    assert await said.change([ONE, OTHER], change) == {ONE: SAID}, "as it was before"
    assert await said.find([ONE, OTHER]) == {
        ONE: Annotation(rating=2, favourite=True, tags=("new", "print")),
        OTHER: Annotation(rating=2, tags=("new",)),
    }
    await said.change([OTHER], AnnotationChange(rating=None, remove_tags=("new",)))
    assert set(await said.find([ONE, OTHER])) == {ONE}


async def test_too_many_tags_change_nothing_of_any(ledger: Ledger) -> None:
    said = ledger.annotations
    many = tuple(f"t{number}" for number in range(49))
    await said.put(OTHER, Annotation(tags=tuple(sorted(many))))
    with pytest.raises(ValidationProblem, match="at most 50"):
        await said.change([ONE, OTHER], AnnotationChange(add_tags=("x", "y")))
    assert set(await said.find([ONE, OTHER])) == {OTHER}
    await said.change([ONE, OTHER], AnnotationChange(add_tags=("x", "X ", "t1")))
    assert len((await said.find([OTHER]))[OTHER].tags) == 50


async def test_more_contents_than_a_statement_holds_are_changed_together(ledger: Ledger) -> None:
    contents = [number.to_bytes(32, "big") for number in range(5000)]
    before = await ledger.annotations.change(contents[:2], AnnotationChange(add_tags=("x",)))
    assert before == {}
    before = await ledger.annotations.change(contents, AnnotationChange(favourite=True))
    assert before == dict.fromkeys(contents[:2], Annotation(tags=("x",)))
    assert len(await ledger.annotations.find(contents)) == 5000


async def test_points_are_found_by_what_is_said_of_their_contents(ledger: Ledger) -> None:
    made = await running(ledger)
    ends = [
        replace(stored(name), sha256=content)
        for name, content in ((b"a.jpg", ONE), (b"copy.jpg", ONE), (b"b.jpg", OTHER))
    ]
    await complete(ledger, made, *ends)
    await ledger.annotations.change([ONE, THIRD], AnnotationChange(favourite=True))
    said = Annotation(favourite=True)
    found = await ledger.annotations.of_points(made.id, limit=9)
    assert found == {pid(b"a.jpg"): said, pid(b"copy.jpg"): said}
    assert len(await ledger.annotations.of_points(made.id, limit=1)) == 1
    assert await ledger.annotations.of_points(made.id + 1, limit=9) == {}


@given(st.lists(st.text(min_size=1, max_size=4), max_size=20))
def test_tags_are_each_there_once_whatever_their_case(tags: list[str]) -> None:
    made = Annotation.of(rating=None, favourite=None, tags=tags)
    keys = [folded(tag) for tag in made.tags]
    assert keys == sorted(set(keys))
    assert set(keys) == {folded(tag.strip()) for tag in tags}
    assert Annotation.of(rating=None, favourite=None, tags=made.tags) == made
