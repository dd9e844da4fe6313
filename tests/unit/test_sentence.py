"""Dates and places in a sentence: what is taken out, and above all what is not."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.gazetteer.gazetteer import CityFile
from ingestion_orchestration_fastapi_app.domain.search.sentence.understanding import (
    DatePart,
    PlacePart,
    Sentence,
    understood,
)
from utils.contract.times import first_moment, last_moment

FOLDER = Path(__file__).parent
TODAY = date(2026, 11, 29)
NAMES = CityFile()
LEAST_RIGHT = 0.95
MOST_TOUCHED = 1


def read(text: str, today: date = TODAY) -> Sentence:
    return understood(text, NAMES, today=today)


def lines_of(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def as_row(sentence: Sentence) -> list[str]:
    """As a line of sentences.txt has it."""
    period, place = sentence.period, sentence.place
    return [
        sentence.text,
        str((period and period.first) or "-"),
        str((period and period.last) or "-"),
        f"{place.city.name}, {place.city.country_code}" if place else "-",
        sentence.words,
    ]


def is_touched(text: str) -> bool:
    sentence = read(text)
    return bool(sentence.dates) or sentence.place is not None


def test_sentences_with_a_date_or_a_place_are_understood() -> None:
    rows = [[cell.strip() for cell in line.split("|")] for line in lines_of("sentences.txt")]
    wrong = [(row, found) for row in rows if (found := as_row(read(row[0]))) != row]
    assert len(rows) >= 60
    assert len(wrong) <= len(rows) * (1 - LEAST_RIGHT), wrong


def test_captions_without_date_or_place_are_left_alone() -> None:
    captions = lines_of("plain_captions.txt")
    touched = [text for text in captions if is_touched(text)]
    assert len(captions) >= 300
    assert len(touched) <= MOST_TOUCHED, touched


def test_a_caption_is_left_alone_however_it_is_capitalised() -> None:
    captions = lines_of("plain_captions.txt")
    for changed in (str.capitalize, str.lower):
        touched = [text for text in captions if is_touched(changed(text))]
        assert len(touched) <= MOST_TOUCHED, touched


def test_what_was_taken_out_is_told_with_its_place_in_the_text() -> None:
    sentence = read("snow in Berlin last winter")
    assert sentence.place is not None
    assert sentence.text[sentence.place.begin : sentence.place.end] == "in Berlin"
    (said,) = sentence.dates
    assert sentence.text[said.begin : said.end] == said.text == "last winter"
    assert sentence.text == "snow in Berlin last winter"


def test_a_name_of_several_cities_is_the_largest_and_the_others_are_told() -> None:
    place = read("bridge in Cambridge").place
    assert place is not None
    assert (place.city.country_code, place.city.population) == ("GB", 145_674)
    assert {one.country_code for one in place.others} >= {"US", "CA"}


def test_a_word_that_is_a_city_is_one_only_with_a_capital_and_at_a_phrases_end() -> None:
    assert read("walking in Nice").place is not None
    assert read("walking in nice").place is None
    assert read("walking in Nice Weather").place is None
    assert read("walking in Nice weather").place is None
    assert read("WALKING IN NICE").place is None
    assert read("walking in nice, france").place is not None


def test_a_first_name_behind_from_is_a_person() -> None:
    assert read("a letter from Charlotte").place is None
    assert read("a park in Charlotte").place is not None


@pytest.mark.parametrize(
    "text", ["in Turkey", "in Mexico", "in Georgia", "in Bayern", "in Florida"]
)
def test_a_land_is_no_city_of_the_same_name(text: str) -> None:
    assert read(f"a house {text}").place is None


def test_a_season_is_that_of_the_place() -> None:
    north, south = read("winter 2019 in Oslo").period, read("winter 2019 in Sydney").period
    assert north is not None
    assert south is not None
    assert (north.first, south.first) == (date(2019, 12, 1), date(2019, 6, 1))


@pytest.mark.parametrize(
    ("today", "text", "first"),
    [
        (date(2026, 1, 15), "last winter", date(2024, 12, 1)),
        (date(2026, 1, 15), "this winter", date(2025, 12, 1)),
        (date(2026, 3, 1), "last winter", date(2025, 12, 1)),
        (date(2026, 7, 1), "last summer", date(2025, 6, 1)),
        (date(2026, 7, 1), "this summer", date(2026, 6, 1)),
        (date(2026, 1, 1), "last month", date(2025, 12, 1)),
        (date(2026, 3, 1), "yesterday", date(2026, 2, 28)),
        (date(2024, 2, 29), "last year", date(2023, 1, 1)),
        (date(2024, 2, 29), "last 1 year", date(2023, 2, 28)),
    ],
)
def test_last_and_this_count_from_today(today: date, text: str, first: date) -> None:
    period = read(text, today).period
    assert period is not None
    assert period.first == first


def test_a_period_ends_with_the_last_moment_of_its_last_day() -> None:
    period = read("summer 2019").period
    assert period is not None
    assert (period.begins, period.ends) == (first_moment("2019-06"), last_moment("2019-08"))


def test_what_has_not_begun_is_no_date() -> None:
    assert not read("blade runner 2049").dates
    assert not read("wedding in December 2026").dates
    assert read("wedding in November 2026").dates


def test_two_dates_are_what_they_have_in_common() -> None:
    period = read("2019, in summer 2019").period
    assert period is not None
    assert (period.first, period.last) == (date(2019, 6, 1), date(2019, 8, 31))


def test_quoted_words_say_no_date_and_no_place() -> None:
    assert read('"in Berlin" snow').place is None
    assert not read('concert "summer 2019"').dates
    assert read('"snow" in Berlin').place is not None


def test_a_part_that_is_dropped_is_among_the_words_again() -> None:
    sentence = read("snow in Berlin last winter")
    assert sentence.without(dates=True, place=False) == "snow in Berlin"
    assert sentence.without(dates=False, place=True) == "snow last winter"


def test_a_long_text_is_not_read() -> None:
    assert read("a walk in Berlin" + " on and on" * 40).place is not None
    assert read("a walk in Berlin" + " on and on" * 50).place is None


@given(st.text(max_size=200), st.dates())
def test_any_text_on_any_day_is_read_and_its_parts_lie_in_it(text: str, today: date) -> None:
    sentence = read(text, today)
    parts: list[DatePart | PlacePart] = [*sentence.dates]
    if sentence.place is not None:
        parts.append(sentence.place)
    assert all(text[one.begin : one.end] == one.text and one.text for one in parts)
    spans = sorted((one.begin, one.end) for one in parts)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


_WORDS = st.sampled_from(
    re.split(
        " ",
        "in from near bei last this letzten summer winter 2019 1999 31. 2. may March year years "
        "ago vor Berlin Paris Nice new york - , ( ) 's ten 30 days since and 2020 0001-01-01 "
        "2019-13-40",
    )
)


@given(st.lists(_WORDS, max_size=12), st.dates())
def test_words_of_dates_in_any_order_are_read(words: list[str], today: date) -> None:
    sentence = read(" ".join(words), today)
    assert sentence == read(" ".join(words), today)
    for one in sentence.dates:
        assert one.period.first_day <= one.period.last_day
