"""What a request brings to its route: the engine, declared sizes and its body."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from pydantic import BeforeValidator

from ml_inference_fastapi_app.scheduling.admission import Permit, Speed
from ml_inference_fastapi_app.serving.engine import Engine
from ml_inference_fastapi_app.serving.request_body import Body
from utils.contract import IMAGE_COUNT_HEADER
from utils.problems import BatchTooLarge

MAX_IMAGE_COUNT = 1_000_000


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


EngineOf = Annotated[Engine, Depends(_engine)]


def _plain_number(text: object) -> object:
    """One way to write a number: `0011100` is read in two ways by two readers."""
    if isinstance(text, str) and not re.fullmatch(r"[1-9][0-9]*", text, re.ASCII):
        raise ValueError("a whole number from 1, in plain digits")
    return text


ImageCount = Annotated[
    int | None,
    Header(
        alias=IMAGE_COUNT_HEADER,
        ge=1,
        le=MAX_IMAGE_COUNT,
        description="How many images the body holds: a batch that is too large, or that the "
        "device has no time for, is then refused before its body is read.",
    ),
    BeforeValidator(_plain_number),
]


Fingerprint = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=64,
        description="The embedding model, as `models` of the capabilities names it; without it "
        "the default one.",
    ),
]


def check_count(count: int | None, *, limit: int) -> None:
    if count is not None and count > limit:
        raise BatchTooLarge(f"A batch may hold {limit} images.", limit=limit)


@asynccontextmanager
async def batch_permit(
    request: Request, engine: Engine, *, images: int, speed: Speed
) -> AsyncIterator[tuple[Body, Permit]]:
    """The body, once it comes, and a place. Raises GpuBusy at once, too: before it is read."""
    engine.admission.check_batch()
    body = await _begun(request, engine)
    with engine.admission.batch(images, speed) as permit:
        body.hold_to_pace()
        yield body, permit


@asynccontextmanager
async def query_permit(request: Request, engine: Engine) -> AsyncIterator[Body]:
    """As `batch_permit`, for a query."""
    engine.admission.check_query()
    body = await _begun(request, engine)
    with engine.admission.query():
        body.hold_to_pace()
        yield body


async def _begun(request: Request, engine: Engine) -> Body:
    body = Body(request.stream(), timeout_s=engine.limits.upload_timeout_s)
    await engine.arrivals.beginning(body)
    return body
