"""What is kept of a removed point reads back as it was, and which one may come back as what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind, State
from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord, Root
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
)
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.domain.trash.encoding import (
    artefacts_of,
    artefacts_text,
    payload_text,
    point_of,
    vector_bytes,
)
from ingestion_orchestration_fastapi_app.domain.trash.restoring import Left, restored, why_left
from ingestion_orchestration_fastapi_app.domain.trash.trashed import Trashed, TrashedFile
from tests.unit.ledger_words import NOW, ROOT, SHA, STAT, key, pid
from tests.unit.trash_words import point
from utils.contract import ErrorCode
from utils.contract.images import TakenAtSource
from utils.metadata.photo_metadata import Metadata

OTHER = bytes(32)
texts = st.text(max_size=20)
numbers = st.floats(-1e6, 1e6)
metadata = st.builds(
    Metadata,
    taken_at=st.none() | st.datetimes(),
    taken_at_source=st.none() | st.sampled_from(TakenAtSource),
    taken_at_offset_min=st.none() | st.integers(-900, 900),
    lens=st.none() | texts,
    aperture_f=st.none() | numbers,
    flash_fired=st.none() | st.booleans(),
    latitude=st.none() | numbers,
    rating=st.none() | st.integers(-1, 5),
    title=st.none() | texts,
    keywords=st.lists(texts, max_size=3).map(tuple),
    sidecar_turn=st.none() | st.integers(2, 8),
)


@given(
    st.binary(min_size=1, max_size=20),
    metadata,
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=8),
    st.integers(0, 2**64 - 1),
    st.lists(texts, max_size=2).map(tuple),
)
def test_any_point_reads_back_as_it_was(
    path: bytes, said: Metadata, vector: list[float], phash: int, companions: tuple[str, ...]
) -> None:
    one = replace(
        point(b"a"),
        path=b"/" + path,
        metadata=said,
        vector=np.array(vector, dtype=np.float32),
        phash=phash,
        companions=companions,
    )
    back = point_of(one.id, one.root_id, payload_text(one), vector_bytes(one))
    np.testing.assert_array_equal(back.vector, one.vector)
    assert replace(back, vector=one.vector) == one


def test_what_a_later_version_adds_is_at_its_default_and_what_it_left_out_is_ignored() -> None:
    given = json.loads(payload_text(point(b"a")))
    del given["metadata"]["keywords"]
    back = point_of(pid(b"a"), ROOT.id, json.dumps(given), vector_bytes(point(b"a")))
    assert back.metadata.keywords == ()


def test_artefacts_read_back_as_they_were() -> None:
    made = (
        artefacts.stored(Kind.VECTOR, "fp"),
        Artefact(Kind.CAPTION, "blip", State.FAILED, ErrorCode.BLIP_INFER, "why", "r", 2, NOW),
    )
    assert artefacts_of(artefacts_text(made)) == made
    assert artefacts_of(artefacts_text(())) == ()


def generation(number: int, model: str, state: GenerationState) -> Generation:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Generation(number, model, "m", "w", 4, model, state, 1, at)


COLLECTION = CollectionRecord(
    1,
    "default",
    (
        generation(1, "fp", GenerationState.RETIRED),
        generation(2, "new", GenerationState.ACTIVE),
    ),
    (ROOT,),
    None,
    "default",
)


def trashed(*made: Artefact, models: Sequence[str] = ("fp",), forgotten: bool = False) -> Trashed:
    rows = {model: point(b"a", model=model) for model in models}
    file = TrashedFile(STAT, True, SHA, made, NOW)
    return Trashed(1, key(b"a"), pid(b"a"), file, rows, Caption("a lake", "blip"), forgotten)


def record(*made: Artefact, sha256: bytes | None = SHA) -> FileRecord:
    return FileRecord(1, None, STAT, True, sha256, made)


@pytest.mark.parametrize(
    ("known", "forgotten", "takes_back", "why"),
    [
        (None, (), False, None),
        (record(), (), False, None),
        (record(artefacts.stored(Kind.VECTOR, "fp")), (), False, Left.ID_TAKEN),
        (record(artefacts.skipped("a text")), (), True, Left.FILE_REFUSED),
        (record(artefacts.stored(Kind.CAPTION, "blip")), (), False, None),
        (None, (SHA,), False, Left.IMAGE_FORGOTTEN),
        (None, (SHA,), True, None),
        (record(artefacts.forgotten()), (SHA,), False, Left.IMAGE_FORGOTTEN),
        (record(artefacts.forgotten()), (SHA,), True, None),
        (record(artefacts.forgotten(), sha256=OTHER), (OTHER,), True, Left.FILE_REFUSED),
    ],
)
def test_one_comes_back_where_nothing_else_is_known_of_its_file(
    known: FileRecord | None, forgotten: tuple[bytes, ...], takes_back: bool, why: Left | None
) -> None:
    one = trashed()
    said = why_left(one, COLLECTION, known, forgotten=forgotten, takes_back=takes_back)
    assert said is why


def test_one_without_a_root_or_a_model_stays() -> None:
    ask = {"forgotten": (), "takes_back": False}
    rootless = replace(COLLECTION, roots=(Root(UUID(int=1), b"/photos"),))
    assert why_left(trashed(), rootless, None, **ask) is Left.ROOT_FORGOTTEN  # type: ignore[arg-type]
    place = FolderPlace(trashed().key.root_id, b"")
    marked = (MarkedFolder(place, Mark.EXCLUDED, datetime(2026, 1, 1, tzinfo=UTC)),)
    excluded = replace(COLLECTION, marked=marked)
    assert why_left(trashed(), excluded, None, **ask) is Left.FOLDER_EXCLUDED  # type: ignore[arg-type]
    strange = trashed(models=["gone"])
    assert why_left(strange, COLLECTION, None, **ask) is Left.MODEL_GONE  # type: ignore[arg-type]


def test_it_is_known_by_the_models_whose_tables_have_it_again() -> None:
    caption = artefacts.stored(Kind.CAPTION, "blip")
    both = [artefacts.stored(Kind.VECTOR, model) for model in ("fp", "new")]
    one = trashed(*both, caption, models=["fp", "new"])
    back = restored(one, COLLECTION, {1, 2})
    assert back.file.artefacts == (*both, caption)
    assert back.shown is not None
    assert back.shown.fingerprint == "new"
    partly = restored(one, COLLECTION, {1})
    assert partly.shown is None
    assert partly.file.artefacts == (both[0],), "its caption is shown with a point that is found"


def test_verdicts_come_back_and_that_it_was_forgotten_does_not() -> None:
    stale = Artefact(Kind.VECTOR, "new", State.STALE, ErrorCode.CLIP_INFER, "why")
    refused = Artefact(Kind.PICTURE, "", State.FAILED, ErrorCode.DECODING_IMAGE, "broken")
    one = trashed(stale, refused, artefacts.forgotten(), models=["new"])
    assert restored(one, COLLECTION, {2}).file.artefacts == (stale, refused)


def test_what_a_cut_made_the_ledger_disbelieve_is_believed_again() -> None:
    """Between the removal's first and last step a start found the point lost."""
    back = restored(trashed(models=["new"]), COLLECTION, {2})
    assert back.file.artefacts == (artefacts.stored(Kind.VECTOR, "new"),)
    of_older = replace(trashed(models=["new"]).file, sha256=OTHER)
    back = restored(replace(trashed(models=["new"]), file=of_older), COLLECTION, {2})
    assert [one.state for one in back.file.artefacts] == [State.STALE]
    failed = Artefact(Kind.VECTOR, "new", State.FAILED, ErrorCode.CLIP_INFER, "why")
    back = restored(trashed(failed, models=["new"]), COLLECTION, {2})
    assert [(one.state, one.code) for one in back.file.artefacts] == [
        (State.STALE, ErrorCode.CLIP_INFER)
    ]


def test_it_comes_back_to_where_its_root_is_now() -> None:
    moved = replace(COLLECTION, roots=(Root(ROOT.id, b"/disk"),))
    back = restored(trashed(models=["new"]), moved, {2})
    assert back.shown is not None
    assert (back.shown.path, back.shown.display_path) == (b"/disk/a", "/disk/a")
