"""What a text is cut into, so that people find it as they would type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.library.search_terms import phrases, terms
from utils.text.folded import folded


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("München", "munchen"),
        ("Mu\u0308nchen", "MÜNCHEN"),
        ("Straße", "STRASSE"),
        ("Ærø", "aero"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("Ελλάδα", "ελλαδα"),
        ("ЁЛКА", "елка"),
        ("שָׁלוֹם", "שלום"),
        ("مَكَّة", "مكة"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("ﾄｳｷｮｳ", "トウキョウ"),
        ("soft\u00adhyphen", "softhyphen"),
        ("辻\U000e0100", "辻"),
    ],
)
def test_case_marks_and_widths_make_no_difference(written: str, typed: str) -> None:
    assert terms(written) == terms(typed)
    assert terms(typed)


@pytest.mark.parametrize(
    ("one", "other"), [("schön", "schoen"), ("が", "か"), ("किताब", "कतब"), ("running", "run")]
)
def test_what_is_another_word_stays_another_word(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_names_of_files_are_cut_at_all_that_is_no_letter_or_digit() -> None:
    assert terms("2019-07 Côte_d'Azur/IMG_1234.JPG") == [
        *("2019", "07", "cote", "d", "azur", "img", "1234", "jpg")
    ]


def test_no_word_is_too_common_and_none_is_stemmed() -> None:
    assert terms("The dogs, and THE running") == ["the", "dogs", "and", "the", "running"]


def test_characters_of_scripts_without_spaces_are_terms_that_follow_one_another() -> None:
    assert list(phrases("iPhone13で東京タワー、2019")) == [
        ("iphone13",),
        ("で", "東", "京", "タ", "ワ", "ー"),
        ("2019",),
    ]
    assert list(phrases("서울에서 봄")) == [("서", "울", "에", "서"), ("봄",)]


def test_words_of_scripts_that_need_their_marks_stay_whole() -> None:
    assert list(phrases("हिन्दी किताब")) == [("हिन्दी",), ("किताब",)]


@given(st.text())
def test_a_folded_text_has_the_same_terms(text: str) -> None:
    assert terms(folded(text)) == terms(text)


@given(st.text())
def test_terms_are_their_own_terms_and_hold_no_space(text: str) -> None:
    found = terms(text)
    assert terms(" ".join(found)) == found
    assert all(one and not any(map(str.isspace, one)) for one in found)
