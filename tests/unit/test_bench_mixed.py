"""The judge of mixed requests notices what it is there for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.inference_http import Answer, request_of
from benchmarks.mixed import Batch, Fault, Judge, Manner, batches_of, write_uploads

REFERENCES = {
    # As an untrained model's: nearly the same for every picture.
    **{
        name: vector.astype(np.float32) / np.float32(np.linalg.norm(vector))
        for name, vector in zip(
            ("a", "b", "c"), 40 + np.random.default_rng(0).normal(size=(3, 64)), strict=True
        )
    },
    "broken": "ERR_DECODING_IMAGE",
}
BATCH = Batch(("a", "broken", "b", "a"), Manner.WHOLE, request_of([(name, b"") for name in "abba"]))

Item = dict[str, Any]


def item(name: str, *, floats: bool = False) -> Item:
    known = REFERENCES[name]
    if isinstance(known, str):
        return {"id": name, "embedding": None, "error": {"code": known, "detail": ""}}
    packed = known.tolist() if floats else base64.b64encode(known.tobytes()).decode()
    return {"id": name, "embedding": packed, "error": None}


def answer_of(items: list[Item], status: int = 200) -> Answer:
    content = json.dumps({"results": items, "fingerprint": "f"}).encode()
    return Answer(status, content, latency_s=0.1)


def right() -> list[Item]:
    return [item(name, floats=name == "b") for name in BATCH.uploads]


def faults(items: list[Item]) -> list[Fault]:
    return Judge(REFERENCES).faults(BATCH, answer_of(items))


def test_a_right_answer_has_no_fault() -> None:
    assert faults(right()) == []


def with_another_vector(items: list[Item]) -> None:
    items[0]["embedding"] = item("c")["embedding"]


def with_another_id(items: list[Item]) -> None:
    items[0]["id"] = "b"


def with_a_vector_for_what_is_broken(items: list[Item]) -> None:
    items[1] = {**item("a"), "id": "broken"}


def with_another_code(items: list[Item]) -> None:
    items[1]["error"]["code"] = "ERR_FILE_EMPTY"


def with_two_results_swapped(items: list[Item]) -> None:
    items[2], items[3] = items[3], items[2]


@pytest.mark.parametrize(
    "spoilt",
    [
        with_another_vector,
        with_another_id,
        with_a_vector_for_what_is_broken,
        with_another_code,
        with_two_results_swapped,
    ],
)
def test_a_result_of_another_upload_is_noticed(spoilt: Callable[[list[Item]], None]) -> None:
    items = right()
    spoilt(items)
    assert set(faults(items)) == {Fault.MISALIGNED}


def test_a_result_that_is_missing_is_noticed() -> None:
    assert faults(right()[:-1]) == [Fault.LOST]
    assert faults([*right()[:2], {**right()[2], "embedding": None}, right()[3]]) == [Fault.LOST]
    assert faults([]) == [Fault.LOST] * 4


def test_a_good_batch_that_is_refused_is_lost() -> None:
    assert Judge(REFERENCES).faults(BATCH, Answer(400, b"", 0.1)) == [Fault.LOST]


def test_an_answer_of_5xx_is_noticed_whatever_was_asked() -> None:
    for manner in (Manner.WHOLE, Manner.CUT):
        batch = Batch(BATCH.uploads, manner, BATCH.request)
        assert Judge(REFERENCES).faults(batch, Answer(503, b"", 0.1)) == [Fault.SERVER_ERROR]


def test_what_is_no_batch_must_be_refused() -> None:
    batch = Batch(BATCH.uploads, Manner.CUT, BATCH.request)
    assert Judge(REFERENCES).faults(batch, Answer(400, b"", 0.1)) == []
    assert Judge(REFERENCES).faults(batch, answer_of(right())) == [Fault.ACCEPTED]


def test_every_manner_and_every_upload_comes_up(tmp_path: Path) -> None:
    paths = write_uploads(tmp_path / "mixed", side_px=32)
    batches = batches_of(paths, count=500, seed=2)
    assert {batch.manner for batch in batches} == set(Manner)
    assert {name for batch in batches for name in batch.uploads} == {path.name for path in paths}
    assert any(len(set(batch.uploads)) < len(batch.uploads) for batch in batches)
