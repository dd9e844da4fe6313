"""Albums and their images come page by page from the typed client."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.client_arguments import IMAGE_ID
from utils.client import PhotoseekClient
from utils.contract.annotations.albums import ALBUM
from utils.contract.examples import HIT

pytestmark = pytest.mark.anyio


async def test_all_of_them_are_asked_for_once() -> None:
    asked: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        place = request.url.params.get("after") or request.url.params.get("cursor")
        asked.append((request.url.path.rpartition("/")[2], place))
        more = None if place == "2" else str(int(place or 0) + 1)
        if request.url.path.endswith("/images"):
            found = {"results": [HIT], "collection": "default", "model": "m", "cursor": more}
        else:
            found = {"albums": [ALBUM], "next_after": more}
        return httpx.Response(200, json=found)

    transport = httpx.MockTransport(answer)
    async with PhotoseekClient("http://photoseek", transport=transport) as calls:
        assert len([one async for one in calls.all_albums()]) == 3
        assert len([one async for one in calls.all_album_images(IMAGE_ID)]) == 3
    pages = [None, "1", "2"]
    assert asked == [*(("albums", one) for one in pages), *(("images", one) for one in pages)]
