"""The rules of placeholders, for SQLite and for its twin: whose they are, and when they go."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, UnseenFile
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import ROOT, SHA, complete, key, pid, running, stored
from tests.unit.test_ledger_catalogue import point

pytestmark = pytest.mark.anyio

A, B = pid(b"a.jpg"), pid(b"b.jpg")
OTHER_SHA = bytes(range(1, 33))
PIXELS, OTHERS = bytes(36), bytes(range(36))


def drawn(name: bytes, pixels: bytes | None = PIXELS, *, sha256: bytes = SHA) -> FileOutcome:
    listed = replace(point(name), sha256=sha256)
    return replace(stored(name), sha256=sha256, catalogued=listed, placeholder=pixels)


async def test_a_placeholder_is_known_when_its_file_is_complete(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, drawn(b"a.jpg"), drawn(b"b.jpg", None))
    wanted = {A: SHA, B: SHA, UUID(int=1): SHA}
    assert await ledger.catalogue.placeholders(made.id, wanted) == {A: PIXELS}
    assert await ledger.catalogue.placeholders(made.id, {}) == {}
    assert await ledger.catalogue.placeholders(99, wanted) == {}
    assert await ledger.catalogue.without_placeholder(made.id, list(wanted)) == {B: SHA}


async def test_one_of_another_content_of_the_file_is_not_shown(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, drawn(b"a.jpg"))
    await complete(ledger, made, drawn(b"a.jpg", None, sha256=OTHER_SHA))
    assert await ledger.catalogue.placeholders(made.id, {A: OTHER_SHA}) == {}
    await ledger.catalogue.put_placeholders(made.id, {A: Placeholder(OTHER_SHA, OTHERS)})
    assert await ledger.catalogue.placeholders(made.id, {A: OTHER_SHA}) == {A: OTHERS}
    assert await ledger.catalogue.placeholders(made.id, {A: SHA}) == {}


async def test_a_file_that_is_complete_once_more_keeps_it(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, drawn(b"a.jpg"))
    await complete(ledger, made, drawn(b"a.jpg", None))
    assert await ledger.catalogue.placeholders(made.id, {A: SHA}) == {A: PIXELS}


async def test_a_placeholder_goes_with_its_entry(ledger: Ledger) -> None:
    made = await running(ledger)
    await complete(ledger, made, drawn(b"a.jpg"), drawn(b"b.jpg"))
    gone = UnseenFile(key(b"a.jpg"), ROOT.path + b"/a.jpg", A, had_point=True)
    await ledger.files.delete_files("job-1", made.id, [gone], synced=[])
    await complete(ledger, made, drawn(b"a.jpg", None))
    assert await ledger.catalogue.placeholders(made.id, {A: SHA, B: SHA}) == {B: PIXELS}
    await ledger.catalogue.forget(made.id, [B])
    await ledger.catalogue.put(made.id, [(key(b"b.jpg"), point(b"b.jpg"))])
    assert await ledger.catalogue.placeholders(made.id, {B: SHA}) == {}


async def test_what_has_no_entry_keeps_none(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.catalogue.put_placeholders(made.id, {A: Placeholder(SHA, PIXELS)})
    await ledger.catalogue.put_placeholders(99, {A: Placeholder(SHA, PIXELS)})
    await complete(ledger, made, drawn(b"a.jpg", None))
    assert await ledger.catalogue.placeholders(made.id, {A: SHA}) == {}
