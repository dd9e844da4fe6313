"""Every warning has its row, its words in each language, and somebody who says it."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from tests.contract.test_house import product_files
from tests.contract.test_web_app import LANGUAGES
from tests.contract.warnings_doc import DOCUMENT, split, table
from utils.contract.warnings import SENTENCES, WarningCode


def test_the_table_of_warnings_is_what_the_code_says() -> None:
    assert split(DOCUMENT.read_text())[1] == table(), "run: python -m tests.contract.warnings_doc"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_warning_has_words_whose_gaps_its_parameters_fill(language: str) -> None:
    words = LANGUAGES[language]
    for code in WarningCode:
        key = f"warning.{code}"
        texts = [words[one] for one in (key, f"{key}.one", f"{key}.other") if one in words]
        assert texts, key
        params = {name for _, name, _, _ in Formatter().parse(SENTENCES[code]) if name}
        for text in texts:
            assert set(re.findall(r"\{(\w+)\}", text)) <= params, key


def test_no_language_has_words_of_a_warning_that_nobody_knows() -> None:
    keys = {key.split(".")[1] for key in LANGUAGES["en"] if key.startswith("warning.WARN_")}
    assert keys == {code.value for code in WarningCode}


def test_every_warning_is_said_somewhere() -> None:
    said = "".join(file.read_text() for file in product_files() if "contract" not in file.parts)
    silent = [
        code.name
        for code in WarningCode
        if not code.name.startswith("LEFT_") and f"WarningCode.{code.name}" not in said
    ]
    assert silent == []
