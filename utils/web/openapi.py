"""The OpenAPI document: each operation with the problems that it can have, and what all share.

A route declares its own problems, `responses=problems(JobNotFound)`. What any route can have
(a wrong parameter, a key that is missing, a body that is too large) is added to the document from
what the operation shows of itself: whether it has a body, changes something, asks for a caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from utils.contract import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER, ProblemBody, Reply, Wire
from utils.problems import (
    BatchTooLarge,
    CrossSite,
    Forbidden,
    HeadersTooLarge,
    HostNotAllowed,
    Problem,
    ServiceOverloaded,
    TooSlow,
    Unauthorized,
    UnsupportedMediaType,
    ValidationProblem,
)

Responses = dict[int | str, dict[str, Any]]

_TITLES = "x-problems"  # until the document is finished: each response's codes with their titles
_CHANGES = frozenset({"post", "put", "patch", "delete"})
_BINARY = {"type": "string", "format": "binary"}
_RETRY_AFTER = "Whole seconds after which it makes sense to ask again."


def problems(*kinds: type[Problem]) -> Responses:
    """For `responses=` of a route: the problems that not every route can have."""
    responses: Responses = {}
    for kind in kinds:
        titles = responses.setdefault(kind.status, {_TITLES: {}})[_TITLES]
        titles.update({code.value: kind.title for code in kind.codes()})
    return responses


def pictures(media_type: str, description: str, *statuses: int, **headers: str) -> Responses:
    """For `responses=` of a route that answers bytes; `headers` by name with `_` for `-`."""
    described = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in headers.items()
    }
    content = {media_type: {"schema": _BINARY}}
    return {
        status: {"description": description, "content": content, "headers": described}
        for status in statuses
    }


def stream(description: str, *, item: type[BaseModel]) -> Responses:
    """For `responses=` of a route of server-sent events whose data is the model as JSON."""
    schema = {"$ref": f"#/components/schemas/{item.__name__}"}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    events = {"itemSchema": {"required": ["data"], "properties": {"data": data}}}
    return {200: {"description": description, "content": {"text/event-stream": events}}}


def links(*operations: str, **parameters: str) -> dict[str, Any]:
    """For `links` in `responses=` of a route whose answer holds parameters of other routes.

    `operations` by id; `parameters` are places in the answer: `image_id="/images/0/id"`.
    """
    places = {name: f"$response.body#{place}" for name, place in parameters.items()}
    return {one: {"operationId": one, "parameters": places} for one in operations}


def located(status: int, description: str, links: Mapping[str, Any]) -> Responses:
    """For `responses=` of a route that makes something."""
    header = {"description": description, "schema": {"type": "string"}}
    return {status: {"headers": {"Location": header}, "links": dict(links)}}


def multipart_body(
    fields: Mapping[str, str], *, required: str, many: bool = False, least: int | None = None
) -> dict[str, object]:
    """For `openapi_extra=` of a route that reads the body itself: `fields` of files, described.

    `least`: how many files the required one has at least.
    """
    properties: dict[str, dict[str, object]] = {
        name: (
            {"type": "array", "items": _BINARY, "description": text}
            if many
            else {**_BINARY, "description": text}
        )
        for name, text in fields.items()
    }
    if least is not None:
        properties[required]["minItems"] = least
    form = {
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def json_body(model: type[BaseModel]) -> dict[str, object]:
    """The same for a JSON body. Types that it holds are those of other routes' in the document."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def operation_id(route: APIRoute) -> str:
    return route.name


def describe(app: FastAPI, *, about: str, tags: Mapping[str, str]) -> None:
    """Makes the app's document a whole one. `tags` by name with their descriptions."""
    app.description = about
    app.openapi_tags = [{"name": name, "description": text} for name, text in tags.items()]
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(plain())
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]  # as FastAPI's documentation does it


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schema = ProblemBody.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas.update(schema.pop("$defs"))
    schemas["ProblemBody"] = schema
    for model in _models(Wire, Reply):
        extra = model.model_config.get("json_schema_extra")
        if model.__name__ in schemas and isinstance(extra, dict):
            schemas[model.__name__].update(extra)  # FastAPI leaves their nulls out
    components["headers"] = {
        REQUEST_ID_HEADER: {
            "description": "Names the request in the service's log; a sane one is taken over.",
            "schema": {"type": "string"},
        }
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _finish(operation, method=method, is_health=path.startswith("/health/"))
    return document


def _models(*bases: type[BaseModel]) -> Iterable[type[BaseModel]]:
    for base in bases:
        yield base
        yield from _models(*base.__subclasses__())


def _finish(operation: dict[str, Any], *, method: str, is_health: bool) -> None:
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _sendable(parameter["schema"])
    responses = operation["responses"]
    if _TITLES not in responses.get("422", {}):
        responses.pop("422", None)  # FastAPI's own form of what is a 400 here
    common = problems(*_common(operation, method=method, is_health=is_health))
    for status, shared in common.items():
        response = responses.setdefault(str(status), {})
        response[_TITLES] = {**shared[_TITLES], **response.get(_TITLES, {})}
    for status, response in responses.items():
        if titles := response.pop(_TITLES, None):
            response.update(_problem_response(int(status), titles))
        response.setdefault("headers", {})[REQUEST_ID_HEADER] = {
            "$ref": f"#/components/headers/{REQUEST_ID_HEADER}"
        }
    operation["responses"] = dict(sorted(responses.items()))


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """A query or header can be left out, and cannot be null."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _common(
    operation: Mapping[str, Any], *, method: str, is_health: bool
) -> Iterable[type[Problem]]:
    yield ValidationProblem
    yield TooSlow
    yield HeadersTooLarge
    yield Problem
    yield ServiceOverloaded
    if not is_health:
        yield HostNotAllowed
    if operation.get("security"):
        yield Unauthorized
        yield Forbidden
    if method in _CHANGES:
        yield CrossSite
    if "requestBody" in operation:
        yield BatchTooLarge
        yield UnsupportedMediaType


def _problem_response(status: int, titles: Mapping[str, str]) -> dict[str, Any]:
    """`titles` by code."""
    own = {"properties": {"code": {"enum": list(titles)}, "status": {"const": status}}}
    response: dict[str, Any] = {
        "description": "; ".join(dict.fromkeys(titles.values())) + ".",
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {"allOf": [{"$ref": "#/components/schemas/ProblemBody"}, own]},
                "examples": {
                    code: {"summary": title, "value": _example(status, code, title)}
                    for code, title in titles.items()
                },
            }
        },
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["headers"] = {
            "Retry-After": {"description": _RETRY_AFTER, "schema": {"type": "integer"}}
        }
    return response


def _example(status: int, code: str, title: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": f"{title}.",
        "code": code,
        "request_id": "6b4e359b6f164b5983c8a0cac93bd89f",
    }
