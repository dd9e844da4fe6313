"""How a picture is answered with: its name, its ranges, and what its asker has already."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.api.library.pictures.picture_response import disposition
from ingestion_orchestration_fastapi_app.api.ranged_response import byte_range, is_held
from utils.imaging.formats import Format

SHOWN = {Format.JPEG, Format.PNG, Format.WEBP, Format.GIF, Format.BMP, Format.AVIF}


def saved_as(header: str) -> str:
    """As browsers read it: the name with its encoding counts before the plain one."""
    match = re.search(r"filename\*=UTF-8''(\S+)$", header)
    if match:
        return unquote(match[1], errors="strict")
    match = re.fullmatch(r'\w+; filename="([^"]*)"', header)
    assert match, header
    return match[1]


@pytest.mark.parametrize("known", Format)
def test_every_format_has_a_type_of_its_own_that_no_browser_runs(known: Format) -> None:
    assert known.media_type.startswith("image/")
    assert "svg" not in known.media_type
    assert [one for one in Format if one.media_type == known.media_type] == [known]
    assert known.is_shown_by_browsers is (known in SHOWN)


@pytest.mark.parametrize("known", Format)
def test_what_browsers_do_not_show_is_saved(known: Format) -> None:
    kind = "inline" if known in SHOWN else "attachment"
    assert disposition("a", known, download=False).startswith(f"{kind}; ")
    assert disposition("a", known, download=True).startswith("attachment; ")


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a b.jpg", "a b.jpg"),
        ("x.html", "x.html.jpg"),
        ("IMG.jpg_original", "IMG.jpg_original.jpg"),
        ("none", "none.jpg"),
        ("wrong.png", "wrong.png"),
        ('quote".jpg', 'quote".jpg'),
        ("Été.JPG", "Été.JPG"),
        ("a\r\nSet-Cookie: x=1\r\n.jpg", "a__Set-Cookie: x=1__.jpg"),
        ("gpj\u202e.jpg", "gpj_.jpg"),
        ("caf\\xe9.jpg", "caf_xe9.jpg"),
        ("\ud800.jpg", "_.jpg"),
    ],
)
def test_a_name_is_saved_as_it_is_where_it_deceives_nobody(name: str, saved: str) -> None:
    assert saved_as(disposition(name, Format.JPEG, download=False)) == saved


@given(st.text(max_size=2000), st.sampled_from(list(Format)))
def test_any_name_makes_one_header_that_is_short_and_plain(name: str, known: Format) -> None:
    header = disposition(name, known, download=False)
    assert header.isascii()
    assert header.isprintable()
    assert len(header) < 4096
    saved = saved_as(header)
    assert saved
    assert "/" not in saved
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-0", (100, 100)),
        ("bytes=100-", (100, 100)),
        ("bytes=9-0", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("rows=0-1", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 400 + "-", None),
    ],
)
def test_one_range_is_served_and_what_is_none_asks_for_the_whole(
    header: str, span: tuple[int, int] | None
) -> None:
    assert byte_range(header, size_bytes=100) == span


@pytest.mark.parametrize(
    ("header", "held"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
        (None, False),
    ],
)
def test_what_the_asker_holds_is_not_sent_again(header: str | None, *, held: bool) -> None:
    assert is_held(header, '"a"') is held
