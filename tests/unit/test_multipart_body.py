"""The body that the orchestrator sends is what the inference service's parser makes of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.inference_http.multipart_body import MultipartBody
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Original, Sendable, Upload
from ml_inference_fastapi_app.serving.multipart import MultipartStream, PartLimits
from tests.fakes import root_threads
from tests.picture_files import file_at
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE
from utils.web.bodies.multipart import boundary_of


def sent_as_it_is(path: Path, data: bytes) -> Original:
    path.write_bytes(data)
    return Original(file_at(path), hashlib.sha256(data).digest(), RAW_MEDIA_TYPE)


TURNS = (None, 3, 6)
PARTS = st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=300)), max_size=6)


@given(parts=PARTS, wanted=st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_arrives_and_is_as_long_as_was_declared(
    parts: list[tuple[bool, bytes]], wanted: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    uploads: dict[str, Sendable] = {"first": Upload(b"1", PPM_MEDIA_TYPE)}
    for number, (as_file, data) in enumerate(parts):
        path = folder / str(number)
        uploads[str(number)] = (
            replace(sent_as_it_is(path, data), turn=TURNS[len(data) % 3])
            if as_file
            else Upload(data, PPM_MEDIA_TYPE)
        )

    async def sent() -> tuple[MultipartBody, bytes]:
        with MultipartBody("files", uploads, root_threads()) as body:
            return body, b"".join([chunk async for chunk in body])

    body, whole = anyio.run(sent)
    assert body.complete
    assert body.faults == {}
    assert len(whole) == int(body.headers["Content-Length"])
    stream = MultipartStream(
        boundary_of(body.headers["Content-Type"]), PartLimits(10, 10_000, 100_000)
    )
    arrived = []
    for start in range(0, len(whole), wanted):
        arrived += stream.feed(whole[start : start + wanted])
    stream.close()
    assert [part.filename for part in arrived] == list(uploads)
    assert [part.data for part in arrived[1:]] == [data for _, data in parts]
    turns = [up.turn if isinstance(up, Original) else None for up in uploads.values()]
    assert [part.turn for part in arrived] == turns
    assert [part.media_type for part in arrived] == [up.media_type for up in uploads.values()]
