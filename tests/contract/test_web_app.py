"""The web app's files, as far as they can be checked without a browser."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.api.web_app.comments import without_comments

UI = Path(__file__).parents[2] / "ingestion_orchestration_fastapi_app/ui"
STATIC = UI / "static"
PAGE = (UI / "index.html").read_text()
SCRIPTS = {file.relative_to(STATIC): file.read_text() for file in sorted(STATIC.rglob("*.js"))}
STYLES = {file.relative_to(STATIC): file.read_text() for file in sorted(STATIC.rglob("*.css"))}
LANGUAGES = {
    file.stem: json.loads(file.read_text()) for file in sorted((STATIC / "i18n").glob("*.json"))
}
MOST_BYTES = 150_000
MOST_BYTES_IN_ALL = 200_000
MOST_LINES = 300
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
# Keys that are put together: each with what its end may be.
PUT_TOGETHER = re.compile(r"t\(`([a-z_.]+)\$\{")


def used_words() -> set[str]:
    text = "\n".join(SCRIPTS.values())
    return set(re.findall(r"""["'`]([a-z]+(?:\.[A-Za-z_0-9]+)+|[a-z]+)["'`]""", text))


def test_it_asks_nobody_but_the_service_beside_it() -> None:
    for text in (PAGE, *SCRIPTS.values(), *STYLES.values()):
        assert not re.search(r"https?://|[\"'(]//[a-z]+\.", text.replace(SVG_NAMESPACE, ""))


def test_a_strict_content_security_policy_would_allow_it() -> None:
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", PAGE)
    for name, text in SCRIPTS.items():
        dangers = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        assert not re.search(dangers, text), name


def test_the_files_that_it_names_are_there() -> None:
    named = re.findall(r'"\$root/static/([^"]+)"', PAGE)
    assert len(named) > 5
    for name, text in SCRIPTS.items():
        for other in re.findall(r"""(?:from|import\()\s*["'](\.[^"']+\.js)["']""", text):
            named.append(str((STATIC / name).parent.joinpath(other).resolve().relative_to(STATIC)))
    assert [one for one in named if not (STATIC / one).is_file()] == []


def test_every_style_sheet_is_linked_once() -> None:
    linked = re.findall(r'rel="stylesheet" href="\$root/static/([^"]+)"', PAGE)
    assert sorted(linked) == sorted(map(str, STYLES))


def test_a_module_is_no_longer_than_a_reader_takes_in_at_once() -> None:
    lines = {str(name): len(text.splitlines()) for name, text in (SCRIPTS | STYLES).items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def needed_by(name: Path, *, but: tuple[str, ...] = ()) -> set[Path]:
    """A module with all that it imports, and places that it opens but those."""
    found: set[Path] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in found or one.parent.name in but:
            continue
        found.add(one)
        for other in re.findall(r"""(?:from|import\()\s*["'](\.[^"']+\.js)["']""", SCRIPTS[one]):
            path = (STATIC / one).parent.joinpath(other).resolve()
            waiting.append(path.relative_to(STATIC.resolve()))
    return found


def sent_bytes(scripts: set[Path]) -> int:
    """As they are sent: with all styles, the shell and the larger dictionary."""
    words = [file.read_bytes() for file in (STATIC / "i18n").glob("*.json")]
    code = [without_comments(SCRIPTS[one].encode()) for one in scripts]
    texts = [*code, *map(str.encode, STYLES.values()), PAGE.encode(), max(words, key=len)]
    return sum(len(gzip.compress(one)) for one in texts)


def test_what_is_left_out_of_a_module_is_comments_alone() -> None:
    for name, text in SCRIPTS.items():
        sent = without_comments(text.encode()).decode()
        inside = False  # of a comment that goes over lines
        for line, kept in zip(text.split("\n"), sent.split("\n"), strict=True):
            bare = line.strip()
            own = inside or bare.startswith(("//", "/*"))
            inside = (inside or bare.startswith("/*")) and "*/" not in bare
            if own:
                continue
            assert kept == re.sub(r"/\*\*.*?\*/ ?", "", line).lstrip(), (name, line)
            before = line.split("/**")[0]
            assert all(before.count(quote) % 2 == 0 for quote in '"`' if kept != bare), (name, line)
            assert line.replace('"`"', "").count("`") % 2 == 0, (name, line)


def test_it_is_light() -> None:
    """The photos with the search, the selection and the viewer; then every other place as well."""
    others = ("map", "albums", "duplicates", "imports", "system")
    photos = needed_by(Path("js/main.js"), but=others)
    assert len(photos) > 40
    assert sent_bytes(photos) < MOST_BYTES
    assert sent_bytes(set(SCRIPTS)) < MOST_BYTES_IN_ALL


def test_every_language_has_the_same_words_with_the_same_gaps() -> None:
    assert set(LANGUAGES) == {"de", "en"}
    english, german = LANGUAGES["en"], LANGUAGES["de"]
    assert english.keys() == german.keys()
    assert list(english) == sorted(english)
    gaps = re.compile(r"\{(\w+)\}")
    for key, text in english.items():
        assert set(gaps.findall(text)) == set(gaps.findall(german[key])), key
        assert text.strip(), key
        assert german[key].strip(), key


@pytest.mark.parametrize("language", ["de", "en"])
def test_plurals_have_both_their_forms(language: str) -> None:
    words = LANGUAGES[language]
    ones = {key.removesuffix(".one") for key in words if key.endswith(".one")}
    others = {key.removesuffix(".other") for key in words if key.endswith(".other")}
    assert ones == others


def test_every_word_that_a_module_asks_for_is_there_and_none_is_left_over() -> None:
    words, text = LANGUAGES["en"], "\n".join(SCRIPTS.values())
    asked = set(re.findall(r"""\bt\(\s*["']([^"']+)["']""", text))
    missing = [one for one in asked if one not in words and f"{one}.other" not in words]
    assert missing == []
    stems = tuple(PUT_TOGETHER.findall(text))
    named = used_words()
    spare = [
        key
        for key in words
        if key.removesuffix(".one").removesuffix(".other") not in named
        and not key.startswith((*stems, "code."))
    ]
    assert spare == []
