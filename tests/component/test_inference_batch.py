"""A batch over real HTTP: every part gets its answer, whatever its neighbours are."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest
from PIL import Image

from ml_inference_fastapi_app.serving.stage_timer import StageTimer
from tests.component.inference_fakes import (
    CONTEXT_CHARACTERS,
    SIDE_PX,
    FakeEmbedder,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    quiet,
    served,
    vector_of,
)
from utils.contract import BatchReply, ErrorCode

pytestmark = pytest.mark.anyio

URL = "/api/v1/batch_embed_and_caption"


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
async def client(embedder: FakeEmbedder) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(embedder, ml_max_batch=40, ml_max_request_bytes=200_000) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        yield client


async def batch(client: httpx.AsyncClient, *uploads: tuple[str, bytes]) -> BatchReply:
    response = await client.post(URL, files=files(*uploads))
    assert response.status_code == 200, response.text
    return BatchReply.model_validate(response.json())


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 10, 10)).save(out, "JPEG")
    return out.getvalue()


async def test_a_bad_part_costs_its_neighbours_nothing(client: httpx.AsyncClient) -> None:
    reply = await batch(
        client,
        ("first", ppm(picture(1))),
        ("garbage", b"not an image"),
        ("cut", ppm(picture(2))[:-1]),
        ("empty", b""),
        ("half a jpeg", jpeg()[:200]),
        ("jpeg", jpeg()),
        ("last", ppm(picture(3))),
    )
    codes = {item.id: item.error.code for item in reply.results if item.error}
    assert codes.pop("empty") is ErrorCode.FILE_EMPTY
    assert codes.pop("garbage") is ErrorCode.FORMAT_UNSUPPORTED
    assert set(codes) == {"cut", "half a jpeg"}
    vectors = {item.id: item.embedding for item in reply.results if item.embedding is not None}
    assert list(vectors) == ["first", "jpeg", "last"]
    assert vectors["first"] == pytest.approx(vector_of(picture(1)).tolist())
    assert vectors["last"] == pytest.approx(vector_of(picture(3)).tolist())
    assert reply.fingerprint == "fake-1"


async def test_results_stand_in_the_parts_order_even_with_equal_ids(
    client: httpx.AsyncClient,
) -> None:
    uploads = [("same", ppm(picture(seed))) for seed in range(30)]
    reply = await batch(client, *uploads)
    assert [item.id for item in reply.results] == ["same"] * 30
    for seed, item in enumerate(reply.results):
        assert item.embedding == pytest.approx(vector_of(picture(seed)).tolist())


async def test_base64_is_little_endian_float32(client: httpx.AsyncClient) -> None:
    response = await client.post(
        URL, params={"encoding_format": "base64"}, files=files(("a", ppm(picture(1))))
    )
    (item,) = response.json()["results"]
    vector = np.frombuffer(base64.b64decode(item["embedding"]), "<f4")
    assert vector.tolist() == vector_of(picture(1)).tolist()


async def test_a_part_without_a_filename_is_a_result_without_an_id(
    client: httpx.AsyncClient,
) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="files"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        + ppm(picture(1))
        + b"\r\n--B--"
    )
    response = await client.post(
        URL, content=body, headers={"Content-Type": "multipart/form-data; boundary=B"}
    )
    nameless, named = response.json()["results"]
    assert (nameless["id"], nameless["error"]["code"]) == ("", ErrorCode.MALFORMED_MULTIPART)
    assert named["embedding"] is not None


async def test_an_image_that_the_model_fails_on_fails_alone(
    client: httpx.AsyncClient, embedder: FakeEmbedder
) -> None:
    embedder.poison = lambda image: image.tobytes() == picture(5)
    with quiet():
        reply = await batch(client, *((str(seed), ppm(picture(seed))) for seed in range(12)))
    assert [item.id for item in reply.results if item.error] == ["5"]
    (error,) = (item.error for item in reply.results if item.error)
    assert error.code is ErrorCode.CLIP_INFER


async def test_a_device_that_fails_on_everything_blames_no_image(
    client: httpx.AsyncClient, embedder: FakeEmbedder
) -> None:
    embedder.poison = lambda _image: True
    uploads = files(*((str(n), ppm(picture(n))) for n in range(3)))
    with quiet():
        response = await client.post(URL, files=uploads)
        assert (await client.get("/health/ready")).status_code == 503
    assert (response.status_code, problem_of(response).code) == (503, ErrorCode.ML_UNAVAILABLE)


async def test_out_of_memory_splits_the_batch_and_lowers_the_safe_batch(
    client: httpx.AsyncClient, embedder: FakeEmbedder
) -> None:
    embedder.fits = 3
    reply = await batch(client, *((str(seed), ppm(picture(seed))) for seed in range(20)))
    for seed, item in enumerate(reply.results):
        assert item.embedding == pytest.approx(vector_of(picture(seed)).tolist())
    assert (await client.get("/api/v1/capabilities")).json()["safe_clip_batch"] < 40
    embedder.calls.clear()
    await batch(client, *((str(seed), ppm(picture(seed))) for seed in range(4)))
    assert max(embedder.calls) <= 3, "what did not fit is not tried again"


async def test_each_answer_tells_its_time_by_stage(client: httpx.AsyncClient) -> None:
    upload = files(("a", ppm(picture(1))))
    for response in (
        await client.post(URL, files=upload),
        await client.post("/api/v1/embed", files=upload),
        await client.post("/api/v1/embed_text", json={"texts": ["a"]}),
    ):
        assert response.status_code == 200
        spans = response.headers["Server-Timing"].split(", ")
        assert [span.split(";")[0] for span in spans] == list(StageTimer().spans_s)
        assert float(spans[-1].removeprefix("model;dur=")) > 0


@pytest.mark.parametrize(
    ("count", "status", "code"),
    [
        ("2", 200, None),
        ("3", 200, None),
        ("1", 400, ErrorCode.VALIDATION),
        ("0", 400, ErrorCode.VALIDATION),
        ("-1", 400, ErrorCode.VALIDATION),
        ("many", 400, ErrorCode.VALIDATION),
        ("41", 413, ErrorCode.BATCH_TOO_LARGE),
        ("11100", 413, ErrorCode.BATCH_TOO_LARGE),
        ("0000000011100", 400, ErrorCode.VALIDATION),
        ("02", 400, ErrorCode.VALIDATION),
        ("+2", 400, ErrorCode.VALIDATION),
        ("2_0", 400, ErrorCode.VALIDATION),
        ("2.0", 400, ErrorCode.VALIDATION),
        ("9" * 4000, 400, ErrorCode.VALIDATION),
    ],
)
async def test_the_declared_count_is_held_against_the_body(
    client: httpx.AsyncClient, count: str, status: int, code: ErrorCode | None
) -> None:
    uploads = files(("a", ppm(picture(1))), ("b", ppm(picture(2))))
    response = await client.post(URL, files=uploads, headers={"X-Image-Count": count})
    assert response.status_code == status
    if code is not None:
        assert problem_of(response).code is code


async def test_more_images_than_are_safe_are_refused_with_the_limit(
    client: httpx.AsyncClient,
) -> None:
    uploads = files(*((str(seed), ppm(picture(seed))) for seed in range(41)))
    problem = problem_of(await client.post(URL, files=uploads))
    assert (problem.status, problem.code, problem.limit) == (413, ErrorCode.BATCH_TOO_LARGE, 40)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_with_the_limit(
    client: httpx.AsyncClient, *, declared: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        for _ in range(3):
            yield b"x" * 70_000

    content = b"".join([chunk async for chunk in chunks()]) if declared else chunks()
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    problem = problem_of(await client.post(URL, content=content, headers=headers))
    assert (problem.status, problem.limit) == (413, 200_000)
    assert (await batch(client, ("a", ppm(picture(1))))).results[0].error is None


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--B--"),
        ("multipart/form-data; boundary=B", b"--C\r\n\r\n--C--"),
        ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data"),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\n1\r\n--B--',
        ),
    ],
)
async def test_a_malformed_body_is_a_problem(
    client: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    response = await client.post(URL, content=body, headers={"Content-Type": content_type})
    assert (response.status_code, problem_of(response).code) == (400, "ERR_MALFORMED_MULTIPART")


async def test_a_body_without_images_is_a_problem(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    response = await client.post(URL, content=b"--B--\r\n", headers=headers)
    assert (response.status_code, problem_of(response).code) == (400, ErrorCode.VALIDATION)


async def test_one_image_gives_the_vector_that_a_batch_gives(client: httpx.AsyncClient) -> None:
    upload = ("file", ("a", ppm(picture(1)), "image/x-portable-pixmap"))
    alone = (await client.post("/api/v1/embed", files=[upload])).json()
    (item,) = (await batch(client, ("a", ppm(picture(1))))).results
    assert alone == {"embedding": item.embedding, "fingerprint": "fake-1"}


async def test_one_bad_image_is_a_problem_with_its_code(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/embed", files=[("file", ("a", b"text", "image/jpeg"))])
    assert response.status_code == 422
    assert problem_of(response).code is ErrorCode.FORMAT_UNSUPPORTED


async def test_texts_become_vectors_in_their_order(client: httpx.AsyncClient) -> None:
    reply = (await client.post("/api/v1/embed_text", json={"texts": ["a", "b"]})).json()
    assert reply["embeddings"][1] == pytest.approx(vector_of(b"b").tolist())
    assert reply["truncated"] == [False, False]
    long = {"texts": ["a " * CONTEXT_CHARACTERS, "a"]}
    cut = (await client.post("/api/v1/embed_text", json=long)).json()
    assert cut["truncated"] == [True, False]
    wrongs: list[dict[str, object]] = [
        {},
        {"texts": ["a", "\u3000"]},
        {"texts": []},
        {"texts": ["x"] * 65},
        {"texts": ["a"], "more": 1},
    ]
    for wrong in wrongs:
        response = await client.post("/api/v1/embed_text", json=wrong)
        assert (response.status_code, problem_of(response).code) == (400, ErrorCode.VALIDATION)


async def test_captions_are_said_to_be_unavailable(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/capabilities")).json()["captions"]["available"] is False
    response = await client.post("/api/v1/caption", files=[("file", ("a", jpeg(), "image/jpeg"))])
    problem = problem_of(response)
    assert (response.status_code, problem.code) == (409, ErrorCode.CAPTIONS_UNAVAILABLE)
    assert "DISABLE_CAPTIONS" in problem.detail
    asked = await client.post(URL, params={"captions": "true"}, files=files(("a", jpeg())))
    (item,) = asked.json()["results"]
    assert item["caption"] is None
    assert item["embedding"] is not None, "a caption that cannot be had never costs the vector"


async def test_other_formats_are_decoded_to_the_models_square(client: httpx.AsyncClient) -> None:
    out = io.BytesIO()
    pixels = np.frombuffer(picture(9), np.uint8).reshape(SIDE_PX, SIDE_PX, 3)
    Image.fromarray(pixels).save(out, "PNG")
    (item,) = (await batch(client, ("a.png", out.getvalue()))).results
    assert item.embedding == pytest.approx(vector_of(picture(9)).tolist())
