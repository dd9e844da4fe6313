"""A ZIP of a selection, sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from urllib.parse import parse_qs

from anyio import move_on_after
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    ImageNotFound,
    PictureUnavailable,
    StoreRead,
)
from utils.contract import API_PREFIX, MAX_SELECTION, Selection
from utils.problems import UnsupportedMediaType, ValidationProblem
from utils.web.bodies.body_limit import media_type
from utils.web.openapi import json_body, pictures, problems
from utils.web.problem_responses import validation_text

router = APIRouter(prefix=API_PREFIX, tags=["images"], dependencies=[READS])

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_CLOSE_LIMIT_S = 10.0
_SELECTION = json_body(Selection)
_CONTENT: dict[str, object] = _SELECTION["requestBody"]["content"]  # type: ignore[index]  # our own
_CONTENT[_FORM] = _CONTENT[_JSON]


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
    openapi_extra=_SELECTION,
)
async def download_zip(request: Request, services: AppStateDep) -> Response:
    """The originals, as they are, under names of their own. JSON, or the form of a page (`ids` once
    for each image), which a browser saves while it comes. What is gone by then is told in
    `MISSING.txt` inside.
    """
    asked = await _selection(request)
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


async def _selection(request: Request) -> Selection:
    given = media_type(request.headers.get("Content-Type", ""))
    body = await request.body()  # bounded, as every body is
    try:
        if given == _JSON:
            return Selection.model_validate_json(body)
        if given == _FORM:
            return Selection.model_validate(_fields(body))
    except ValidationError as exc:
        raise ValidationProblem(validation_text(exc)) from exc
    raise UnsupportedMediaType(f"Send {_JSON} or {_FORM}.")


def _fields(body: bytes) -> dict[str, object]:
    """Raises ValidationProblem."""
    try:
        fields = parse_qs(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MAX_SELECTION + 1,
            errors="strict",
        )
    except ValueError as exc:
        raise ValidationProblem(
            f"The form cannot be read, or has over {MAX_SELECTION} images."
        ) from exc
    found: dict[str, object] = dict(fields)
    if len(fields.get("collection", "")) > 1:
        raise ValidationProblem("body.collection: it may be given once")
    if "collection" in fields:
        found["collection"] = fields["collection"][0]
    return found
