"""The rules of captions that come later, for SQLite and for its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.captions.records import (
    MadeCaption,
    WantedCaptions,
)
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint, SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.errors import JobNotFound, JobStateProblem
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import NOW, complete, failed, key, known_of, pid, running, stored
from tests.unit.test_ledger_catalogue import listed
from utils.contract import ErrorCode, JobState
from utils.metadata.photo_metadata import Metadata
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

WORDLESS = Rejected(ErrorCode.CAPTION_REFUSED, "no word")
STORED = artefacts.stored(Kind.CAPTION, "blip")


BY_BLIP = WantedCaptions("fp", "blip")


async def lacking(
    ledger: Ledger, collection_id: int, wanted: WantedCaptions = BY_BLIP
) -> list[bytes]:
    """Names, in the order of the rows, read in pages of one; as many as are counted."""
    names = {pid(name): name for name in (b"a", b"b", b"c", b"d")}
    found, after = [], 0
    captions = ledger.captions
    while page := await captions.lacking(collection_id, wanted, after=after, limit=1):
        found.append(names[page[0].point_id])
        after = page[0].row
    assert await captions.count_lacking(collection_id, wanted) == len(found)
    return found


async def made(
    ledger: Ledger, collection_id: int, caption: Artefact, *names: bytes, job_id: str = "job-1"
) -> None:
    await ledger.captions.complete(
        job_id,
        collection_id,
        [MadeCaption(pid(name), caption) for name in names],
        reader_version="readers-1",
        checkpoint=Checkpoint(report={"numbers": {"captioned": len(names)}}),
        progress=SavedProgress(done=len(names)),
    )


async def test_images_with_a_vector_of_what_they_show_lack_a_caption_until_it_is_there(
    ledger: Ledger,
) -> None:
    found = await running(ledger)
    await complete(ledger, found, stored(b"a"), stored(b"b"), stored(b"c"), failed(b"d"))
    await complete(ledger, found, failed(b"c"))
    assert await lacking(ledger, found.id) == [b"a", b"b"], "what is stale is imported first"
    assert await lacking(ledger, found.id, WantedCaptions("other", "blip")) == []
    assert await lacking(ledger, found.id + 1) == []
    await made(ledger, found.id, STORED, b"a", b"d")
    assert await lacking(ledger, found.id) == [b"b"]
    assert await ledger.captions.captioners(found.id, [pid(b"a"), pid(b"d")]) == {pid(b"a"): "blip"}
    job = await ledger.jobs.find("job-1")
    assert job is not None
    assert job.checkpoint == Checkpoint(report={"numbers": {"captioned": 2}})
    assert job.progress.done == 2


async def test_another_captioner_lacks_all_only_where_it_renews_and_takes_the_place(
    ledger: Ledger,
) -> None:
    found = await running(ledger)
    await complete(ledger, found, stored(b"a"), stored(b"b"))
    await made(ledger, found.id, STORED, b"a", b"b")
    assert await lacking(ledger, found.id, WantedCaptions("fp", "newer")) == []
    assert await lacking(ledger, found.id, WantedCaptions("fp", "newer", renew=True)) == [
        b"a",
        b"b",
    ]
    await made(ledger, found.id, artefacts.stored(Kind.CAPTION, "newer"), b"a")
    await made(ledger, found.id, artefacts.caption_failed(WORDLESS, model="newer"), b"b")
    records = await ledger.files.recall(found.id, [key(b"a"), key(b"b")])
    assert known_of(records[key(b"a")]) == {
        ("vector", "fp"): "stored",
        ("caption", "newer"): "stored",
    }
    assert known_of(records[key(b"b")]) == {
        ("vector", "fp"): "stored",
        ("caption", "blip"): "stored",
        ("caption", "newer"): "failed",
    }
    described = await ledger.captions.described(found.id, [pid(b"a"), pid(b"b"), pid(b"c")])
    assert described == {
        pid(b"a"): CaptionOrigin("newer", None, NOW),
        pid(b"b"): CaptionOrigin("blip", None, NOW),
    }
    for name in ("a name", "another"):
        await ledger.captions.name_captioner("blip", name)
    described = await ledger.captions.described(found.id, [pid(b"b")])
    assert described == {pid(b"b"): CaptionOrigin("blip", "another", NOW)}


async def test_a_verdict_is_told_with_its_attempts_and_the_image_still_lacks_a_caption(
    ledger: Ledger,
) -> None:
    found = await running(ledger)
    await complete(ledger, found, stored(b"a"))
    for attempts in (1, 2):
        await made(ledger, found.id, artefacts.caption_failed(WORDLESS, model="blip"), b"a")
        (one,) = await ledger.captions.lacking(found.id, BY_BLIP, after=0, limit=9)
        assert one.verdict is not None
        assert (one.verdict.code, one.verdict.attempts) == (ErrorCode.CAPTION_REFUSED, attempts)
        assert (one.verdict.reader_version, one.verdict.updated_at) == ("readers-1", NOW)
    assert await lacking(ledger, found.id) == [b"a"]


async def test_filters_are_those_of_the_catalogue(ledger: Ledger) -> None:
    found = await running(ledger)
    rated = listed(b"a", Metadata(rating=5))
    rated_four = replace(BY_BLIP, filters=Filters(rating_min=4))
    await complete(ledger, found, rated, listed(b"b"), stored(b"c"))
    assert await lacking(ledger, found.id) == [b"a", b"b", b"c"]
    assert await lacking(ledger, found.id, rated_four) == [b"a"]
    others = Filters(none_of=(rated_four.filters,))
    assert await lacking(ledger, found.id, replace(BY_BLIP, filters=others)) == [b"b"]
    await made(ledger, found.id, STORED, b"a")
    captioned = replace(BY_BLIP, renew=True, filters=Filters(has_caption=True))
    assert await lacking(ledger, found.id, captioned) == []
    assert await lacking(ledger, found.id, replace(captioned, captioner="x")) == [b"a"]


async def test_nothing_is_written_of_a_job_that_has_ended_or_is_not_there(ledger: Ledger) -> None:
    found = await running(ledger)
    await complete(ledger, found, stored(b"a"))
    with pytest.raises(JobNotFound):
        await made(ledger, found.id, STORED, b"a", job_id="nobody")
    await ledger.jobs.move("job-1", JobState.COMPLETED)
    with pytest.raises(JobStateProblem):
        await made(ledger, found.id, STORED, b"a")
    assert await lacking(ledger, found.id) == [b"a"]
