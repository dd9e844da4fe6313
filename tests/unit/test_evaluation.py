"""Files of captions are read as their data sets have them, and ranks become figures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.evaluation.asked import (
    AskedText,
    CaptionsUnreadableError,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.caption_files import (
    classes_of,
    texts_of,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.figures import (
    cut_off_of,
    rank_of,
    recall_of,
)
from ingestion_orchestration_fastapi_app.domain.evaluation.tally import Tally
from ingestion_orchestration_fastapi_app.evaluation.pictures import Ends


def asked(text: str, *images: str, language: str | None = None) -> AskedText:
    return AskedText(text, frozenset(images), language)


KARPATHY = {
    "dataset": "flickr8k",
    "images": [
        {
            "filename": "a.jpg",
            "split": "test",
            "imgid": 0,
            "sentences": [
                {"raw": "A dog runs .", "tokens": ["a", "dog", "runs"]},
                {"raw": " Ein Hund rennt", "language": "de"},
            ],
        },
        {"filename": "b.jpg", "split": "train", "sentences": [{"raw": "A cat"}]},
        {
            "filename": "COCO_1.jpg",
            "filepath": "val2014",
            "split": "test",
            "sentences": [{"raw": "A bus"}],
        },
    ],
}


def test_karpathys_json_gives_the_captions_of_its_test_split() -> None:
    assert texts_of(json.dumps(KARPATHY)) == (
        asked("A dog runs .", "a.jpg"),
        asked("Ein Hund rennt", "a.jpg", language="de"),
        asked("A bus", "val2014/COCO_1.jpg"),
    )


def test_without_splits_all_images_are_asked_for() -> None:
    images = [{"filename": "a.jpg", "sentences": [{"raw": "x"}]}]
    assert texts_of(json.dumps({"images": images})) == (asked("x", "a.jpg"),)


@pytest.mark.parametrize(
    "content",
    [
        "a.jpg#0\tA child , in pink\na.jpg#1\tA girl\nb#c.jpg#0\tTwo dogs\n",
        'image,caption\na.jpg,"A child , in pink"\na.jpg,A girl\nb#c.jpg,Two dogs\n',
        "a.jpg\tA child , in pink\n\na.jpg\tA girl\r\nb#c.jpg\tTwo dogs",
        "\ufefffilename\tcaption\na.jpg\tA child , in pink\na.jpg\tA girl\nb#c.jpg\tTwo dogs",
    ],
    ids=["numbered", "csv", "tsv", "tsv with a head"],
)
def test_texts_of_lines_are_told_apart_by_what_is_in_them(content: str) -> None:
    assert texts_of(content) == (
        asked("A child , in pink", "a.jpg"),
        asked("A girl", "a.jpg"),
        asked("Two dogs", "b#c.jpg"),
    )


def test_a_third_column_is_the_language() -> None:
    assert texts_of("a.jpg\tein Hund\tde\nb.jpg\ta dog\t\n") == (
        asked("ein Hund", "a.jpg", language="de"),
        asked("a dog", "b.jpg"),
    )


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("", "no caption"),
        ("a.jpg", "line 1"),
        ("a.jpg\tx\nb.jpg", "line 2"),
        ("a.jpg\t ", "blank"),
        ("a.jpg\t" + "x" * 2001, "longer"),
        ("image,caption\na.jpg", "line 2"),
        ("{", "no JSON"),
        ('{"pictures": []}', '"images"'),
        ('{"images": [{"sentences": []}]}', '"filename"'),
        ('{"images": [{"filename": "a"}]}', '"sentences"'),
        ('{"images": [{"filename": "a", "sentences": [{"text": "x"}]}]}', '"raw"'),
        ('{"images": [{"filename": "a", "sentences": ["x"]}]}', '"raw"'),
        (
            '{"images": [{"filename": "a", "sentences": [{"raw": "x", "language": {}}]}]}',
            "language",
        ),
        ('{"images": ' + "[" * 100_000, "no JSON"),
        ('image,caption\na.jpg,"' + "x" * 200_000, "no CSV"),
        ("".join(f"a.jpg\tx\t{number}\n" for number in range(65)), "64 languages"),
    ],
)
def test_what_is_no_file_of_captions_says_where(content: str, where: str) -> None:
    with pytest.raises(CaptionsUnreadableError, match=where):
        texts_of(content)


def test_a_caption_may_hold_any_character_but_a_tab_and_a_line_s_end() -> None:
    assert texts_of("a.jpg\ta\u2028dog\x0b\x85b") == (asked("a\u2028dog\x0b\x85b", "a.jpg"),)


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=12),
    st.lists(st.sampled_from(["a", "b", "", "/a", "a/b", "a/b/c", "c/c", "b/"]), max_size=4),
)
def test_images_are_named_by_the_ends_of_their_paths(
    folders: list[list[str]], names: list[str]
) -> None:
    paths = ["/".join(one) for one in folders]
    expected = [
        at
        for at, path in enumerate(paths)
        if any(f"/{path}".endswith(f"/{name}") for name in names if name)
    ]
    ends = Ends(paths)
    assert ends.places(names) == expected
    assert ends.holds(names) == bool(expected)


def test_folders_are_classes() -> None:
    paths = (
        "golden_retriever/1.jpg",
        "golden_retriever/2.jpg",
        "birds/001.Black_footed_Albatross/x.jpg",
        "n02085620-Chihuahua/y.jpg",
        "2019/z.jpg",
        "loose.jpg",
    )
    assert classes_of(paths) == (
        asked("2019", "2019/z.jpg"),
        asked("Black footed Albatross", "birds/001.Black_footed_Albatross/x.jpg"),
        asked("Chihuahua", "n02085620-Chihuahua/y.jpg"),
        asked("golden retriever", "golden_retriever/1.jpg", "golden_retriever/2.jpg"),
    )
    with pytest.raises(CaptionsUnreadableError):
        classes_of(["loose.jpg"])


def test_up_to_three_words_are_a_short_query() -> None:
    assert asked("red car").is_short
    assert asked("a red, car").is_short
    assert not asked("a red car outside").is_short


def test_a_rank_is_that_of_the_best_that_fits_behind_all_equal_ones() -> None:
    scores = np.asarray([0.1, 0.5, 0.3, 0.5, 0.2])
    assert rank_of(scores, [2]) == 3
    assert rank_of(scores, [1]) == 2
    assert rank_of(scores, [1, 3]) == 1
    assert rank_of(scores, [0, 2, 4]) == 3
    assert rank_of(np.zeros(100), [5]) == 100


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40))
@settings(deadline=None)
def test_recall_grows_with_the_depth(ranks: list[int]) -> None:
    found = recall_of(ranks)
    assert found.texts == len(ranks)
    assert 0 <= found.at[1] <= found.at[5] <= found.at[10] <= 1
    assert found.at[10] * len(ranks) == pytest.approx(sum(rank <= 10 for rank in ranks))
    assert found.median_rank is not None
    assert min(ranks) <= found.median_rank <= max(ranks)


def test_recall_of_nothing_is_no_rank() -> None:
    assert recall_of([]).median_rank is None


def test_a_cut_is_told_by_what_it_keeps_of_what_fits() -> None:
    tally = Tally(nonsense=2, rejected=1)
    tally.add_cut(kept=[True, True, False], fits=[True, False, True])
    tally.add_cut(kept=[True], fits=[True])
    assert tally.figures() == {
        "cut at 0.5: precision": 0.6667,
        "cut at 0.5: recall": 0.6667,
        "cut at 0.5: F1": 0.6667,
        "nonsense rejected": 0.5,
    }
    tally = Tally()
    tally.add_cut(kept=[False], fits=[True])
    assert set(tally.figures().values()) == {0.0}
    assert cut_off_of(kept=2, fits=4, both=1).f1 == pytest.approx(1 / 3)
