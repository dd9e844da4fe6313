"""A change that the typed client sends says what it was given, and nothing else."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.unit.client_arguments import IMAGE_ID
from utils.client import NotFoundError, PhotoseekClient
from utils.contract import ErrorCode
from utils.contract.annotations.albums import AlbumChangeRequest
from utils.contract.annotations.annotation import AnnotationChangeRequest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("change", "body"),
    [
        (AlbumChangeRequest(name="b"), {"name": "b"}),
        (AlbumChangeRequest(search=None), {"search": None}),
    ],
)
async def test_what_is_left_out_of_a_change_is_not_sent(
    change: AlbumChangeRequest, body: dict[str, object]
) -> None:
    sent: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        code = ErrorCode.ALBUM_NOT_FOUND
        told = {"title": "t", "status": 404, "detail": "d", "code": code, "request_id": "r"}
        return httpx.Response(404, json=told)

    said = AnnotationChangeRequest.model_validate({"ids": [IMAGE_ID], "favourite": True})
    transport = httpx.MockTransport(answer)
    async with PhotoseekClient("http://photoseek", transport=transport) as calls:
        with pytest.raises(NotFoundError):
            await calls.change_album(IMAGE_ID, change)
        with pytest.raises(NotFoundError):
            await calls.change_annotations(said)
    assert sent == [body, {"ids": [IMAGE_ID], "favourite": True}]
