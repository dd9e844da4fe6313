"""A ZIP of a selection, sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack

from anyio import move_on_after
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.library.pictures.selection_body import (
    selection_body,
    selection_of,
)
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    PictureUnavailable,
    StoreRead,
)
from utils.contract import API_PREFIX, Selection
from utils.problems import UnsupportedMediaType
from utils.web.openapi import pictures, problems

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_CLOSE_LIMIT_S = 10.0


class ArchiveResponse(StreamingResponse):
    """Closes what it sends, and gives its place back, however it ends."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        place: AsyncExitStack,
        *,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(chunks, headers=headers, media_type="application/zip")
        self._chunks = chunks
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._place:
            try:
                await super().__call__(scope, receive, send)
            finally:
                with move_on_after(_CLOSE_LIMIT_S, shield=True):
                    await self._chunks.aclose()


@router.post(
    "/selection/zip",
    response_class=Response,
    summary="Download originals as a ZIP",
    responses={
        **pictures(
            "application/zip", "The archive.", 200, Content_Disposition="The archive's name."
        ),
        **problems(
            ImageNotFound, CollectionNotFound, StoreRead, PictureUnavailable, UnsupportedMediaType
        ),
    },
    openapi_extra=selection_body(Selection),
)
async def download_zip(request: Request, services: AppStateDep) -> Response:
    """The originals, as they are, under names of their own. JSON, or the form of a page (`ids` once
    for each image), which a browser saves while it comes. What is gone by then is told in
    `MISSING.txt` inside.
    """
    asked = await selection_of(request, Selection)
    ids = asked.images
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(services.archives.place())
        await services.archives.check(asked.collection, ids)
        headers = {
            "Content-Disposition": f'attachment; filename="photoseek-{len(ids)}-images.zip"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        chunks = services.archives.chunks(asked.collection, ids)
        return ArchiveResponse(chunks, stack.pop_all(), headers=headers)
