"""What is known of a file after a job, from what was known and what the job made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ingestion_orchestration_fastapi_app.domain.files.artefacts import (
    Artefact,
    Kind,
    State,
    caption_failed,
    failed,
    refusal,
    skipped,
    stored,
    updated,
)
from utils.contract import ErrorCode
from utils.problems import Rejected

THEN = datetime(2026, 1, 2, tzinfo=UTC)
NOW = THEN + timedelta(days=2)
BROKEN = Rejected(ErrorCode.DECODING_IMAGE, "broken")
REFUSED = Rejected(ErrorCode.CLIP_INFER, "no vector")
WORDLESS = Rejected(ErrorCode.BLIP_INFER, "no word")
VECTOR, CAPTION = stored(Kind.VECTOR, "m"), stored(Kind.CAPTION, "c")
OTHER = stored(Kind.VECTOR, "other")


def known(*made: Artefact, attempts: int = 0) -> list[Artefact]:
    return [
        replace(
            one,
            reader_version="readers-1",
            updated_at=THEN,
            attempts=attempts if one.state is State.FAILED else 0,
        )
        for one in made
    ]


def after(
    before: Iterable[Artefact],
    *made: Artefact,
    same_file: bool = True,
    same_content: bool = True,
    readers: str = "readers-1",
) -> list[Artefact]:
    return updated(
        list(before),
        made,
        same_file=same_file,
        same_content=same_content,
        reader_version=readers,
        now=NOW,
    )


def states(made: Iterable[Artefact]) -> dict[tuple[Kind, str], State]:
    return {(one.kind, one.model): one.state for one in made}


def test_where_nothing_was_made_all_is_as_it_was() -> None:
    before = known(VECTOR, CAPTION)
    assert after(before) == before


def test_what_is_made_bears_the_readers_and_the_moment() -> None:
    (made,) = after([], VECTOR, same_file=False, same_content=False, readers="readers-2")
    assert (made.state, made.reader_version, made.updated_at) == (State.STORED, "readers-2", NOW)


def test_a_code_says_whether_the_file_is_refused_or_one_models_vector_of_it() -> None:
    of_file = {code for code in ErrorCode if failed(Rejected(code, ""), model="m").model == ""}
    assert set(ErrorCode) - of_file == {
        ErrorCode.CLIP_INFER,
        ErrorCode.BATCH_TOO_LARGE,
        ErrorCode.STORE_ROW,
    }


def test_attempts_are_counted_at_the_same_file_with_the_same_readers() -> None:
    before = known(failed(BROKEN, model="m"), attempts=2)

    def attempts(fault: Rejected = BROKEN, *, same_file: bool = True, readers: int = 1) -> int:
        new = failed(fault, model="m")
        how = f"readers-{readers}"  # it was never read: nobody knows its content
        (made,) = after(before, new, same_file=same_file, same_content=False, readers=how)
        return made.attempts

    assert attempts() == 3
    assert attempts(same_file=False) == 1
    assert attempts(replace(BROKEN, code=ErrorCode.FILE_READ)) == 1
    assert attempts(readers=2) == 1
    assert after(before, skipped("a text")) == [
        replace(skipped("a text"), reader_version="readers-1", updated_at=NOW)
    ]


def test_a_file_that_is_refused_keeps_what_it_had_as_stale() -> None:
    for verdict in (failed(BROKEN, model="m"), skipped("a text")):
        for same in (True, False):
            made = after(known(VECTOR, OTHER, CAPTION), verdict, same_content=same)
            assert states(made) == {
                (Kind.PICTURE, ""): verdict.state,
                (Kind.VECTOR, "m"): State.STALE,
                (Kind.VECTOR, "other"): State.STALE,
                (Kind.CAPTION, "c"): State.STALE,
            }


def test_a_vector_that_is_refused_where_there_was_one_is_stale_and_says_why() -> None:
    made = after(known(VECTOR, OTHER), failed(REFUSED, model="m"), same_content=False)
    assert states(made) == {(Kind.VECTOR, "m"): State.STALE, (Kind.VECTOR, "other"): State.STALE}
    refused = refusal(made, "m")
    assert refused is not None
    assert refused.code is ErrorCode.CLIP_INFER
    assert refusal(made, "other") is None
    again = after(made, failed(REFUSED, model="m"))
    assert refusal(again, "m") == replace(refused, attempts=2)
    assert states(after(again, VECTOR))[Kind.VECTOR, "m"] is State.STORED
    assert refusal(after(again, VECTOR), "m") is None


def test_another_models_vector_is_stale_as_soon_as_the_file_is_another() -> None:
    for same_file, same_content in ((True, True), (False, True), (True, False), (False, False)):
        made = after(known(OTHER), VECTOR, same_file=same_file, same_content=same_content)
        state = State.STORED if same_file and same_content else State.STALE
        assert states(made)[Kind.VECTOR, "other"] is state


def test_what_was_refused_of_another_content_is_forgotten() -> None:
    before = known(failed(REFUSED, model="other"), caption_failed(WORDLESS, model="c"))
    assert len(after(before, VECTOR)) == 3
    assert len(after(before, VECTOR, same_file=False)) == 3  # only its times are others
    assert len(after(before, VECTOR, same_file=False, same_content=False)) == 1


def test_a_point_that_is_written_has_the_caption_it_was_written_with_or_none() -> None:
    assert states(after(known(VECTOR, CAPTION), VECTOR)) == {(Kind.VECTOR, "m"): State.STORED}
    wordless = caption_failed(WORDLESS, model="c")
    made = after(known(VECTOR, CAPTION), VECTOR, wordless, same_content=False)
    assert states(made)[Kind.CAPTION, "c"] is State.FAILED
    refused = after(known(VECTOR, CAPTION), failed(REFUSED, model="m"))
    assert states(refused)[Kind.CAPTION, "c"] is State.STORED  # that of the point that is there


def test_a_file_that_is_well_again_has_no_verdict() -> None:
    before = after(known(VECTOR), failed(BROKEN, model="m"))
    assert states(after(before, VECTOR)) == {(Kind.VECTOR, "m"): State.STORED}
