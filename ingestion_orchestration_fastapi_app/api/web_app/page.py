"""The web app's shell, at every address that the app has. It is public: it holds no data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.types import Scope

from ingestion_orchestration_fastapi_app.api.web_app.files import FRESH, AppFiles
from ingestion_orchestration_fastapi_app.api.web_app.modules import needed_modules
from utils.web.access.security_headers import PAGE_POLICY
from utils.web.routing.root_path import external_path

UI_FOLDER = Path(__file__).parents[2] / "ui"
MANIFEST = "/manifest.webmanifest"
# Places of the app, each with what may lie below it. What no place has, the app itself says.
PLACES = ("map", "albums", "duplicates", "imports", "system", "help", "login")
OPEN_PATHS = frozenset({"/", MANIFEST, *(f"/{one}" for one in PLACES)})
OPEN_PREFIXES = tuple(f"/{one}/" for one in PLACES)
# What programs ask for: there a wrong address is told to them.
NO_PLACES = ("api", "docs", "health", "metrics", "openapi.json", "static")

# What each place is made of, as `main.js` loads it; the others have a folder of their name.
_MODULES = {"": "photos/page.js", "help": "help.js", "login": "login.js"}


def is_for_people(scope: Scope) -> bool:
    """Whether a browser asks for a page where programs ask for nothing."""
    first, _, _ = get_route_path(scope).removeprefix("/").partition("/")
    accepted = Headers(scope=scope).get("accept", "")
    return scope["method"] == "GET" and first not in NO_PLACES and "text/html" in accepted


def nowhere() -> Callable[[Request], Awaitable[Response | None]]:
    """The app, which says that there is nothing here; None for programs."""
    shell = _shell("help")  # the least of all places

    async def get_nowhere(request: Request) -> Response | None:
        if not is_for_people(request.scope):
            return None
        page = await shell()
        page.status_code = 404
        page.headers["Vary"] = "Accept"
        return page

    return get_nowhere


def add_app(app: FastAPI) -> None:
    """Serves the shell, the manifest and the files."""
    router = APIRouter(include_in_schema=False)
    manifest = Template((UI_FOLDER / "manifest.webmanifest").read_text())

    async def get_manifest() -> Response:
        text = manifest.substitute(root=external_path(""))
        return Response(text, media_type="application/manifest+json", headers=FRESH)

    router.add_api_route("/", _shell(""))
    router.add_api_route(MANIFEST, get_manifest)
    for place in PLACES:
        shell = _shell(place)
        router.add_api_route(f"/{place}", shell)
        router.add_api_route(f"/{place}/{{below:path}}", shell)
    app.include_router(router)
    app.mount("/static", AppFiles(UI_FOLDER / "static"))


def _shell(place: str) -> Callable[[], Awaitable[HTMLResponse]]:
    """Names the modules of a place, so that a browser asks for all of them at once."""
    frame = () if place == "login" else ("shell.js",)
    first = (*frame, _MODULES.get(place, f"{place}/page.js"))
    modules = needed_modules(UI_FOLDER / "static/js", ("main.js", *first))
    links = (f'<link rel="modulepreload" href="$root/static/js/{one}">' for one in modules)
    text = (UI_FOLDER / "index.html").read_text()
    shell = Template(text.replace("$modules", "\n  ".join(links)))

    async def get_shell() -> HTMLResponse:
        page = shell.substitute(root=external_path(""))
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY, **FRESH})

    return get_shell
