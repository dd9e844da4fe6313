"""The web app's shell, at every address that the app has. It is public: it holds no data."""

from __future__ import annotations

from pathlib import Path
from string import Template

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Scope

from utils.web.access.security_headers import PAGE_POLICY
from utils.web.routing.root_path import external_path

UI_FOLDER = Path(__file__).parents[1] / "ui"
MANIFEST = "/manifest.webmanifest"
# Places of the app, each with what may lie below it. What no place has, the app itself says.
PLACES = ("map", "albums", "duplicates", "imports", "system", "help", "login")
OPEN_PATHS = frozenset({"/", MANIFEST, *(f"/{one}" for one in PLACES)})
OPEN_PREFIXES = tuple(f"/{one}/" for one in PLACES)

LEAST_COMPRESSED_BYTES = 1000
_FRESH = {"Cache-Control": "no-cache"}  # asked for again each time, and sent again if it changed


class AppFiles(StaticFiles):
    """The app's files. A browser asks whether its copy is the newest: an update needs no reload."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_FRESH)
        return response


def add_app(app: FastAPI) -> None:
    """Serves the shell, the manifest and the files."""
    router = APIRouter(include_in_schema=False)
    shell = Template((UI_FOLDER / "index.html").read_text())
    manifest = Template((UI_FOLDER / "manifest.webmanifest").read_text())

    async def get_shell() -> HTMLResponse:
        page = shell.substitute(root=external_path(""))
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY, **_FRESH})

    async def get_manifest() -> Response:
        text = manifest.substitute(root=external_path(""))
        return Response(text, media_type="application/manifest+json", headers=_FRESH)

    router.add_api_route("/", get_shell)
    router.add_api_route(MANIFEST, get_manifest)
    for place in PLACES:
        router.add_api_route(f"/{place}", get_shell)
        router.add_api_route(f"/{place}/{{below:path}}", get_shell)
    app.include_router(router)
    files = AppFiles(directory=UI_FOLDER / "static")
    app.mount("/static", GZipMiddleware(files, minimum_size=LEAST_COMPRESSED_BYTES))
