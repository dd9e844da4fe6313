"""`/docs`: the API's description as a page, from files that lie here and in a package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from utils.web.access.security_headers import DOCS_POLICY

_OWN = Path(__file__).parent / "docs_files"


def add_docs_page(app: FastAPI) -> None:
    """The page and what it loads. It holds no data: what it calls asks for a key by itself."""
    # Swagger UI's own files, as released. They are read, not imported.
    swagger = Path(str(files("fastapi_offline"))) / "static"
    assets = {
        "swagger-ui-bundle.js": swagger / "swagger-ui-bundle.js",
        "swagger-ui.css": swagger / "swagger-ui.css",
        "start.js": _OWN / "start.js",
        "icon.svg": _OWN / "icon.svg",
    }

    async def page() -> FileResponse:
        return FileResponse(_OWN / "index.html", headers={"Content-Security-Policy": DOCS_POLICY})

    async def asset(name: str) -> FileResponse:
        if name not in assets:
            raise HTTPException(404)
        return FileResponse(assets[name], headers={"Cache-Control": "no-cache"})

    app.add_api_route("/docs", page, include_in_schema=False)
    app.add_api_route("/docs/{name}", asset, include_in_schema=False)
