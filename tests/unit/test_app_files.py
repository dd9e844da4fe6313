"""How the web app's files are served, and which modules its shell names."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from ingestion_orchestration_fastapi_app.api.web_app import files
from ingestion_orchestration_fastapi_app.api.web_app.files import AppFiles
from ingestion_orchestration_fastapi_app.api.web_app.modules import needed_modules
from ingestion_orchestration_fastapi_app.api.web_app.page import UI_FOLDER, add_app

pytestmark = pytest.mark.anyio

SCRIPTS = UI_FOLDER / "static/js"
LONG = "line(of, a, script);\n" * 100


def client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # any application
    return httpx.AsyncClient(transport=transport, base_url="http://app")


async def test_a_file_is_sent_compressed_to_who_takes_that_and_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOOK_AGAIN_S", 0)
    (tmp_path / "long.js").write_text(LONG)
    (tmp_path / "short.js").write_text("1;")
    async with client(AppFiles(tmp_path)) as http:
        packed = await http.get("/long.js")
        assert (packed.text, packed.headers["Content-Encoding"]) == (LONG, "gzip")
        assert packed.headers["Cache-Control"] == "no-cache"
        assert int(packed.headers["Content-Length"]) < len(LONG) / 10
        plain = await http.get("/long.js", headers={"Accept-Encoding": "identity"})
        assert (plain.text, plain.headers.get("Content-Encoding")) == (LONG, None)
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        short = await http.get("/short.js")
        assert (short.text, short.headers.get("Content-Encoding")) == ("1;", None)
        asked = {"If-None-Match": packed.headers["ETag"]}
        same = await http.get("/long.js", headers=asked)
        assert (same.status_code, same.headers["Cache-Control"]) == (304, "no-cache")
        (tmp_path / "long.js").write_text(LONG + "new();")
        os.utime(tmp_path / "long.js", (1, 1))
        assert (await http.get("/long.js", headers=asked)).text == LONG + "new();"
        (tmp_path / "long.js").unlink()
        with pytest.raises(HTTPException):
            await http.get("/long.js")


async def test_between_two_looks_at_the_disk_files_come_from_memory(tmp_path: Path) -> None:
    (tmp_path / "long.js").write_text(LONG)
    async with client(AppFiles(tmp_path)) as http:
        first = await http.get("/long.js")
        (tmp_path / "long.js").unlink()
        assert (await http.get("/long.js")).content == first.content
        with pytest.raises(HTTPException):
            await http.post("/long.js")


async def test_the_shell_names_every_module_that_its_place_needs_and_no_other() -> None:
    app = FastAPI()
    add_app(app)
    async with client(app) as http:
        for place, first in (("/", "photos/page.js"), ("/map", "map/page.js")):
            page = (await http.get(place)).text
            named = re.findall(r'rel="modulepreload" href="/static/js/([^"]+)"', page)
            assert named == needed_modules(SCRIPTS, ("main.js", "shell.js", first))
            assert "$" not in page
            for module in named:
                imported = re.findall(
                    r'^import .*?"(\.[^"]+)";$', (SCRIPTS / module).read_text(), re.M
                )
                paths = ((SCRIPTS / module).parent.joinpath(one).resolve() for one in imported)
                assert {str(one.relative_to(SCRIPTS)) for one in paths} <= set(named), module


def test_what_is_only_loaded_later_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text(
        'import { b } from "./b.js";\n/** @type {import("./types.js").T} */\n'
        'const later = () => import("./later.js");\n'
    )
    (tmp_path / "b.js").write_text('import {\n  c,\n} from "./below/c.js";\nimport "./a.js";\n')
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.js").write_text('import { b } from "../b.js";\n')
    assert needed_modules(tmp_path, ["a.js"]) == ["a.js", "b.js", "below/c.js"]


async def test_a_module_is_sent_without_its_comments_and_each_line_keeps_its_number(
    tmp_path: Path,
) -> None:
    module = '// What it is for.\n/**\n * @param {A} a\n */\n  f((/** @type {A} */ a) => "// b");\n'
    (tmp_path / "a.js").write_text(module)
    (tmp_path / "a.css").write_text("/* kept */\n")
    async with client(AppFiles(tmp_path)) as http:
        assert (await http.get("/a.js")).text == '\n\n\n\nf((a) => "// b");\n'
        assert (await http.get("/a.css")).text == "/* kept */\n"
