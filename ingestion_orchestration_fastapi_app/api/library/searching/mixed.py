"""Searches by anything, and the vector of a stored image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, File, Form, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError, WithJsonSchema

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.image_views import search_reply
from ingestion_orchestration_fastapi_app.api.library.searching.search import (
    MAX_QUERY_IMAGE_BYTES,
    SEARCHING,
)
from ingestion_orchestration_fastapi_app.api.links import OF_RESULTS
from ingestion_orchestration_fastapi_app.api.parameters import CollectionName, ImageId
from ingestion_orchestration_fastapi_app.api.place_views import understood_reply
from ingestion_orchestration_fastapi_app.api.security import READS
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Order, Sort
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.domain.search.folding import Fold
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, ImageNotFound, StoreRead
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import Asked
from ingestion_orchestration_fastapi_app.library.searching.mixed import Example, Picture
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Query, Result
from ingestion_orchestration_fastapi_app.library.searching.sentences import Narrowing
from utils.contract import API_PREFIX, ImageVectorReply, SearchReply
from utils.contract.search import ExampleSpec, SearchRequest, SearchSort
from utils.contract.search.examples import MAX_EXAMPLES
from utils.problems import BatchTooLarge, MalformedMultipart, ValidationProblem
from utils.text.blank import is_blank
from utils.web.openapi import problems

router = APIRouter(prefix=API_PREFIX, tags=["search"], dependencies=[READS])

MAX_REQUEST_CHARACTERS = 256 * 1024
_RequestJson = Annotated[
    str,
    Field(min_length=2, max_length=MAX_REQUEST_CHARACTERS),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 2,
            "maxLength": MAX_REQUEST_CHARACTERS,
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/SearchRequest"},
        }
    ),
]


@router.post(
    "/search",
    summary="Search by anything",
    responses={200: {"links": OF_RESULTS}, **problems(ImageNotFound, *SEARCHING)},
)
async def search_by_anything(body: SearchRequest, services: AppStateDep) -> SearchReply:
    """By a text, stored images and vectors, liked and disliked, mixed with weights; sorted, made
    diverse and folded as asked. With filters alone what they let through is listed.
    """
    return await _found(services, body, {})


@router.post(
    "/search/pictures",
    summary="Search by anything with own pictures",
    responses={
        200: {"links": OF_RESULTS},
        **problems(MalformedMultipart, ImageNotFound, *SEARCHING),
    },
    form_limits={
        "max_files": MAX_EXAMPLES * 2,
        "max_fields": 64,
        "max_part_size": MAX_REQUEST_CHARACTERS,
    },
)
async def search_with_pictures(
    services: AppStateDep,
    search: Annotated[
        _RequestJson,
        Form(
            description="As of `POST /search`, as JSON. Its examples name the files: "
            '`{"file": "one.jpg"}`.',
            examples=['{"positive": [{"file": "one.jpg"}], "negative": [{"text": "people"}]}'],
        ),
    ],
    files: Annotated[
        list[UploadFile],
        File(
            min_length=1,
            max_length=MAX_EXAMPLES * 2,
            description="The pictures, each of its own name, as files of a known format; at most "
            "64 MiB together.",
            json_schema_extra={"minItems": 1, "maxItems": MAX_EXAMPLES * 2},
        ),
    ],
) -> SearchReply:
    """As `POST /search`, where examples are pictures that are sent along."""
    try:
        body = SearchRequest.model_validate_json(search)
    except ValidationError as exc:
        errors = [{**one, "loc": ("body", "search", *one["loc"])} for one in exc.errors()]
        raise RequestValidationError(errors) from exc
    return await _found(services, body, await _pictures(services, files))


async def _pictures(services: AppState, files: Sequence[UploadFile]) -> dict[str, Picture]:
    pictures: dict[str, Picture] = {}
    left = MAX_QUERY_IMAGE_BYTES
    for file in files:
        data = await file.read(left + 1)
        if len(data) > left:
            raise BatchTooLarge("The images are too large.", limit=MAX_QUERY_IMAGE_BYTES)
        if not data:
            raise ValidationProblem("An image is empty.")
        name, left = file.filename or "", left - len(data)
        if name in pictures:
            raise ValidationProblem("Two of the files have the same name.")
        sha256 = await to_thread.run_sync(_sha256, data, limiter=services.blocking)
        pictures[name] = Picture(data, sha256)
    return pictures


async def _found(
    services: AppState, body: SearchRequest, pictures: Mapping[str, Picture]
) -> SearchReply:
    found, narrowing = await found_by(services, body, pictures)
    understood = None if narrowing is None else understood_reply(narrowing)
    return await search_reply(services, found, understood)


async def found_by(
    services: AppState,
    body: SearchRequest,
    pictures: Mapping[str, Picture],
    *,
    also: Filters = NO_FILTERS,
) -> tuple[Found, Narrowing | None]:
    """`also`: a condition beside those of the request. What of its text became conditions is told
    where it was to be parsed.
    """
    filters = filters_of(body.filters)
    if also != NO_FILTERS:
        filters = replace(filters, all_of=(*filters.all_of, also))
    if body.is_browsed and not pictures:
        return await _browsed(services, body, filters), None
    fold = Fold(body.fold.copies, body.fold.pairs, body.fold.bursts)
    query = Query(
        collection=body.collection,
        limit=body.limit,
        offset=body.offset,
        filters=filters,
        min_score=body.min_score,
        min_relevance=body.min_relevance,
        cursor=body.cursor,
        mode=body.mode,
        sort=body.sort,
        is_descending=_is_descending(body),
        diverse=body.diverse,
        relevance_share=body.relevance_share,
        fold=fold,
        is_counted=body.with_total,
        templates=body.templates,
    )
    text = None if is_blank(body.query or "") else body.query
    examples = [
        *(_example(one, pictures, 1) for one in body.positive),
        *(_example(one, pictures, -1) for one in body.negative),
        *([] if body.vector is None else [Example(tuple(body.vector))]),
    ]
    named = {one.file for one in (*body.positive, *body.negative)}
    if not pictures.keys() <= named:
        raise ValidationProblem("A file was sent that no example names.")
    if body.parse and text is not None:
        return await services.sentences.by_text(query, text, today=body.today)
    return await services.search.mixed(query, text, examples), None


async def _browsed(services: AppState, body: SearchRequest, filters: Filters) -> Found:
    by = Sort.TAKEN_AT if body.sort is SearchSort.RELEVANCE else Sort(body.sort.value)
    asked = Asked(
        body.collection,
        filters,
        Order(by, is_descending=_is_descending(body)),
        body.limit,
        body.offset,
        body.cursor,
    )
    page = await services.browsing.page(asked)
    return Found(
        [Result(point, None, is_near=False) for point in page.points],
        page.collection,
        page.warning_details,
        page.cursor,
        mode=None,
        total=page.total if body.with_total else None,
        is_total_exact=page.total_is_exact or not body.with_total,
    )


def _is_descending(body: SearchRequest) -> bool:
    if body.order is None:
        return body.sort is not SearchSort.PATH
    return body.order == "desc"


def _example(spec: ExampleSpec, pictures: Mapping[str, Picture], sign: int) -> Example:
    weight = sign * float(spec.weight)
    if spec.file is not None:
        picture = pictures.get(spec.file)
        if picture is None:
            raise ValidationProblem(
                f"No file {spec.file!r} was sent: POST /search/pictures takes them."
            )
        return Example(picture, weight)
    if spec.vector is not None:
        return Example(tuple(map(float, spec.vector)), weight)
    of = spec.text if spec.text is not None else spec.image_id
    assert of is not None, "one of them is given"
    return Example(of, weight)


@router.get(
    "/images/{image_id}/vector",
    summary="Get an image's vector",
    responses=problems(ImageNotFound, CollectionNotFound, StoreRead),
)
async def get_image_vector(
    image_id: ImageId, services: AppStateDep, collection: CollectionName = "default"
) -> ImageVectorReply:
    """What the collection's model made of it: for searches with it, and for your own work."""
    found = await services.search.vector_of(collection, image_id)
    return ImageVectorReply(
        id=str(image_id),
        collection=collection,
        model=found.model,
        fingerprint=found.fingerprint,
        vector=tuple(map(float, found.vector)),
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
