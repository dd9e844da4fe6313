"""A selection as a body: JSON, or the form of a page, whose answer a browser saves as it comes."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qs

from fastapi import Request
from pydantic import ValidationError

from utils.contract import MAX_SELECTION, Selection
from utils.problems import UnsupportedMediaType, ValidationProblem
from utils.web.bodies.body_limit import media_type
from utils.web.openapi import json_body
from utils.web.problem_responses import validation_text

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_IDS = "ids"
_Asked = TypeVar("_Asked", bound=Selection)


def selection_body(model: type[Selection]) -> dict[str, object]:
    """For `openapi_extra=` of a route."""
    body = json_body(model)
    content: dict[str, object] = body["requestBody"]["content"]  # type: ignore[index]  # our own
    content[_FORM] = content[_JSON]
    return body


async def selection_of(request: Request, model: type[_Asked]) -> _Asked:
    """Raises ValidationProblem, UnsupportedMediaType."""
    given = media_type(request.headers.get("Content-Type", ""))
    body = await request.body()  # bounded, as every body is
    try:
        if given == _JSON:
            return model.model_validate_json(body)
        if given == _FORM:
            return model.model_validate(_fields(body, model))
    except ValidationError as exc:
        raise ValidationProblem(validation_text(exc)) from exc
    raise UnsupportedMediaType(f"Send {_JSON} or {_FORM}.")


def _fields(body: bytes, model: type[Selection]) -> dict[str, object]:
    """Raises ValidationProblem."""
    try:
        fields = parse_qs(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MAX_SELECTION + len(model.model_fields) - 1,
            errors="strict",
        )
    except ValueError as exc:
        raise ValidationProblem(
            f"The form cannot be read, or has over {MAX_SELECTION} images."
        ) from exc
    found: dict[str, object] = dict(fields)
    for name, values in fields.items():
        if name != _IDS and name in model.model_fields:
            if len(values) > 1:
                raise ValidationProblem(f"body.{name}: it may be given once")
            found[name] = values[0]
    return found
