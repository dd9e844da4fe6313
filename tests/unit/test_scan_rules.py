"""Excludes are globs: names at any depth, folders apart from files, absolute paths as they are."""

from __future__ import annotations

import fnmatch
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.adapters.local_files.walking.gone_files import are_gone
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.settings import Settings

NAMES = st.text(st.sampled_from("aAbz09-é*?["), min_size=1, max_size=6)
GLOBS = st.text(st.sampled_from("aAbz09-é*?"), min_size=1, max_size=6)
SETS = st.sampled_from(["[ab]", "[!ab]", "[a-z]", "[!0-9]", "[]]", "[!]]", "[*]", "[a-]", "["])
PARENTS = st.lists(st.sampled_from(["p", "Q", "r s", "é"]), min_size=1, max_size=4)


def excluded(patterns: str, path: str, *, folder: bool = False) -> bool:
    rules = ExcludeRules(patterns.split(":"))
    given = os.fsencode(path)
    return rules.excludes_folder(given) if folder else rules.excludes_file(given)


def test_what_is_built_in_needs_no_setting_and_folders_are_told_from_files() -> None:
    rules = ExcludeRules()
    assert rules.excludes_folder(b"/photos/a/@EADIR")
    assert not rules.excludes_folder(b"/photos/a/eaDir")
    assert not rules.excludes_file(b"/photos/a/@eaDir")
    assert rules.excludes_folder(b"/photos/.git")
    assert rules.excludes_file(b"/photos/._1.jpg")
    assert rules.excludes_folder(b"/photos/Catalog Previews.lrdata")
    assert not rules.excludes_file(b"/photos/.hidden/asked for.jpg")


@pytest.mark.parametrize(
    ("pattern", "files", "others"),
    [
        ("*.gif", ["/p/a.gif", "/p/b/c.GIF", "/p/\xe9.gif"], ["/p/a.gif.jpg", "/p/x.gif/a.jpg"]),
        ("IMG_????.jpg", ["/p/img_0001.jpg", "/p/IMG_\xe9123.jpg"], ["/p/IMG_1.jpg"]),
        ("proofs/*.jpg", ["/p/proofs/1.jpg"], ["/p/proofs/a/1.jpg", "/p/myproofs/1.jpg"]),
        ("/p/old/*", ["/p/old/1.jpg"], ["/q/p/old/1.jpg", "/p/old/a/1.jpg", "/p/old"]),
        ("a/**/b.jpg", ["/p/a/b.jpg", "/a/x/y/b.jpg"], ["/p/b.jpg", "/a/xb.jpg"]),
        ("**/a.jpg", ["/a.jpg", "/p/q/a.jpg"], ["/p/ba.jpg"]),
        ("cache/", [], ["/p/cache"]),
        ("a.jpg", ["/p/a.jpg"], ["/p/aXjpg", "/p/a.jpg\n"]),
        ("Été.*", ["/p/E\u0301te\u0301.jpg", "/p/éTÉ.jpg"], ["/p/Ete.jpg"]),
        ("E\u0301te\u0301/*", ["/p/été/a.jpg"], []),
        ("straße*", ["/p/STRASSE 1.jpg", "/p/Straße.jpg"], ["/p/Strase.jpg"]),
        ("strasse*", ["/p/Straße.jpg"], []),
        ("[Z-a]ß.jpg", ["/p/aß.jpg"], []),
    ],
)
def test_a_pattern_excludes_these_files_and_not_those(
    pattern: str, files: list[str], others: list[str]
) -> None:
    assert [path for path in files if not excluded(pattern, path)] == []
    assert [path for path in others if excluded(pattern, path)] == []


def test_a_pattern_with_a_slash_at_its_end_excludes_folders_only() -> None:
    assert excluded("cache/", "/p/Cache", folder=True)
    assert excluded("2024/raw/", "/p/2024/raw", folder=True)
    assert not excluded("2024/raw/", "/p/2023/raw", folder=True)
    assert excluded("/p/old/", "/p/old", folder=True)
    assert not excluded("/p/old/", "/p/q/p/old", folder=True)


@settings(deadline=None)
@given(st.lists(st.one_of(GLOBS, SETS), min_size=1, max_size=4).map("".join), NAMES, PARENTS)
def test_a_name_matches_at_any_depth_as_globs_are_known_to(
    glob: str, name: str, parents: list[str]
) -> None:
    if glob == "**" or name.startswith("."):
        return
    try:
        ExcludeRules([glob])
    except ValueError:  # `[a-[ab]`: that range is refused, where fnmatch lets it match nothing
        return
    wanted = re.compile(fnmatch.translate(glob), re.IGNORECASE).match(name) is not None
    assert excluded(glob, "/".join(["", *parents, name])) is wanted


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=3), PARENTS)
def test_names_without_marks_match_the_path_that_ends_with_them(
    names: list[str], parents: list[str]
) -> None:
    pattern = re.sub(r"[*?\[]", lambda mark: f"[{mark[0]}]", "/".join(names))
    path = "/".join(["", *parents, *names])
    assert excluded(pattern, path)
    assert excluded(f"{pattern}/", path, folder=True)
    assert not excluded(f"/{pattern}", path)
    assert not excluded(pattern, f"{path}.jpg")


def test_names_that_are_no_utf8_are_compared_like_any_other() -> None:
    assert ExcludeRules(["caf?.*"]).excludes_file(b"/p/caf\xff.jpg")
    assert ExcludeRules([os.fsdecode(b"caf\xff.jpg")]).excludes_file(b"/p/caf\xff.jpg")


def test_what_is_excluded_is_never_believed_gone() -> None:
    rules = ExcludeRules(["old/", "a/*.gif"])

    def is_gone(path: bytes, *, below: bytes) -> bool:
        return are_gone([path], below=below, rules=rules)[0]

    assert is_gone(b"/no such/x.jpg", below=b"/no such")
    assert not is_gone(b"/no such/OLD/b/x.jpg", below=b"/no such")
    assert not is_gone(b"/no such/a/x.gif", below=b"/no such")
    assert is_gone(b"/old/a/b/x.gif", below=b"/old/")
    assert is_gone(b"/no such/x.jpg", below=b"/")


def test_the_setting_is_separated_by_colons_or_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCLUDE_PATTERNS", " *.gif:my proofs/\n\n/photos/old \n")
    assert Settings().exclude_patterns == ("*.gif", "my proofs/", "/photos/old")


@pytest.mark.parametrize("pattern", ["!kept", "a//b", "/", "[z-a].jpg"])
def test_what_is_no_pattern_is_a_wrong_setting(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCLUDE_PATTERNS", f"*.gif:{pattern}")
    with pytest.raises(ValidationError, match="exclude_patterns"):
        Settings()
