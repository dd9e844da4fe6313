"""The web page, as far as it can be checked without a browser."""

from __future__ import annotations

import re
from pathlib import Path

UI = Path(__file__).parents[2] / "ingestion_orchestration_fastapi_app/ui"
PAGE = (UI / "index.html").read_text()
SCRIPT = (UI / "static/app.js").read_text()
STYLE = (UI / "static/style.css").read_text()


def test_it_asks_nobody_but_the_service_beside_it() -> None:
    for text in (PAGE, SCRIPT, STYLE):
        assert not re.search(r"https?://|//[a-z]+\.", text)


def test_a_strict_content_security_policy_would_allow_it() -> None:
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", PAGE)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", SCRIPT)


def test_its_files_are_there_and_every_element_that_the_script_names_is_too() -> None:
    for name in re.findall(r'"static/([^"]+)"', PAGE):
        assert (UI / "static" / name).is_file()
    ids = set(re.findall(r'\bid="([^"]+)"', PAGE))
    assert set(re.findall(r'\bat\("([^"]+)"\)', SCRIPT)) <= ids


def test_every_field_has_a_label() -> None:
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', PAGE))
    fields = set(re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', PAGE))
    assert fields == labelled
