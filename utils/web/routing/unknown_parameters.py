"""What a route does not know is refused, not ignored: parameters, form fields, types of bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args, get_origin

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from utils.problems import UnsupportedMediaType, ValidationProblem
from utils.web.bodies.body_limit import media_type

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
SHOWN_CHARACTERS = 64  # of an unknown name, in the answer


@dataclass(frozen=True, slots=True)
class _Known:
    """By name, whether it is a list."""

    query: Mapping[str, bool]
    form: Mapping[str, bool]


class OnlyKnownParameters:
    """A dependency of every router. Raises ValidationProblem and UnsupportedMediaType.

    A parameter that is no list may be there once: two values have no meaning.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}  # by the ids of routes, which live as long as the app

    async def __call__(self, request: Request) -> None:
        route = request.scope.get("route")
        if not isinstance(route, APIRoute):
            return
        _check_media_type(route, request)
        known = self._known.get(id(route))
        if known is None:
            known = self._known[id(route)] = _known(route)
        if request.scope["query_string"]:
            _check("query", (name for name, _ in request.query_params.multi_items()), known.query)
        if known.form:
            form = await request.form()  # FastAPI has read it already, and the request holds it
            _check("body", (name for name, _ in form.multi_items()), known.form)


def _known(route: APIRoute) -> _Known:
    query = {
        field.alias: _is_list(field.field_info.annotation)
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, params.Query)
    }
    form = {
        field.alias: _is_list(field.field_info.annotation)
        for field in route.dependant.body_params
        if isinstance(field.field_info, params.Form)
    }
    return _Known(query, form)


def _check_media_type(route: APIRoute, request: Request) -> None:
    if route.body_field is None:
        return
    given = media_type(request.headers.get("Content-Type", ""))
    if isinstance(route.body_field.field_info, params.Form):
        if given not in _FORMS:
            raise UnsupportedMediaType(f"Send {_FORMS[0]}.")
    elif not (given == "application/json" or given.endswith("+json")):
        raise UnsupportedMediaType("Send application/json.")


def _check(where: str, given: Iterable[str], known: Mapping[str, bool]) -> None:
    for name, count in Counter(given).items():
        if name not in known:
            names = f"the known ones are {', '.join(known)}" if known else "none are known here"
            shown = name[:SHOWN_CHARACTERS]
            raise ValidationProblem(f"{where}.{shown}: there is no such parameter; {names}")
        if count > 1 and not known[name]:
            raise ValidationProblem(
                f"{where}.{name}: it may be given once, and is there {count} times"
            )


def _is_list(annotation: object) -> bool:
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and issubclass(kind, list | tuple | set):
        return True
    return any(_is_list(arg) for arg in get_args(annotation))  # `X | None`, `Annotated`
