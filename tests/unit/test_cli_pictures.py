"""`photoseek browse`, `annotate`, `forget` and `forgotten`."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from ingestion_orchestration_fastapi_app.cli.app import app
from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import NOW, StandInOrchestrator, hit
from utils.contract import (
    FilterSpec,
    ForgetReply,
    ForgottenList,
    ForgottenReply,
    ImageList,
    ImageReply,
)
from utils.contract.annotations.annotation import AnnotationChanged
from utils.contract.browsing.rows import ImageTable
from utils.contract.images import MAX_SELECTION

ONE = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
TWO = "1b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
HASHES = ("9f" * 32, "a0" * 32)
IMAGES = ("GET", "/images")
ANNOTATE = ("POST", "/selection/annotation")
FORGET = ("POST", "/selection/forget")
FORGOTTEN = ("GET", "/collections/default/forgotten")


def page(*paths: str, cursor: str | None = None, total: int | None = None) -> ImageList:
    found = [
        hit(path, 0).model_copy(update={"id": image_id, "taken_at": NOW.replace(tzinfo=None)})
        for path, image_id in zip(paths, (ONE, TWO), strict=False)
    ]
    shown = [ImageReply.model_validate(one.model_dump(include=FIELDS)) for one in found]
    return ImageList(
        images=tuple(shown),
        collection="default",
        total=len(found) if total is None else total,
        total_is_exact=True,
        cursor=cursor,
        next_offset=None,
        warnings=("some are missing yet",) if cursor else (),
    )


FIELDS = set(ImageReply.model_fields)


def asked(orchestrator: StandInOrchestrator) -> dict[str, str]:
    """The parameters of the last call."""
    query = urlsplit(orchestrator.heard[-1][1]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def bodies(orchestrator: StandInOrchestrator, path: str) -> list[dict[str, object]]:
    return [body for _, heard, body in orchestrator.heard if heard == f"/api/v1{path}"]


def test_browsing_lists_dates_and_paths_by_the_filters_of_a_search(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.answers[IMAGES] = [page("/p/a.jpg", "/p/b\n.jpg")]
    found = photoseek("browse", "--camera", "canon", "--not-format", "png", "--sort", "added")
    assert found.stdout == "2026-01-02 03:04:05\t/p/a.jpg\n2026-01-02 03:04:05\t/p/b\\n.jpg\n"
    parameters = asked(orchestrator)
    meant = FilterSpec.model_validate({"camera": "canon", "none_of": [{"formats": ["png"]}]})
    assert FilterSpec.model_validate_json(parameters.pop("filters")) == meant
    assert (parameters.pop("order"), parameters.pop("limit")) == ("desc", "50")
    assert parameters == {"collection": "default", "sort": "added"}
    photoseek("browse", "--sort", "path")
    assert asked(orchestrator)["order"] == "asc"
    photoseek("browse", "--order", "asc")
    assert asked(orchestrator)["order"] == "asc"
    assert photoseek("browse", "-0").stdout == "/p/a.jpg\0/p/b\n.jpg\0"
    assert photoseek("browse", "--ids").stdout == f"{ONE}\n{TWO}\n"
    assert json.loads(photoseek("browse", "--json").stdout)["images"][0]["path"] == "/p/a.jpg"
    assert photoseek("browse", "--rating", "9").exit_code == 2


def test_a_page_says_that_there_is_more_and_all_come_page_by_page(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.answers[IMAGES] = [page("/p/a.jpg", cursor="next", total=7)]
    found = photoseek("browse", "--limit", "1")
    assert "The first 1 of 7" in found.stderr
    assert "some are missing yet" in found.stderr
    orchestrator.answers[IMAGES] = [page("/p/a.jpg", cursor="next"), page("/p/b.jpg")]
    found = photoseek("browse", "--all")
    paths = [line.partition("\t")[2] for line in found.stdout.splitlines()]
    assert paths == ["/p/a.jpg", "/p/b.jpg"]
    assert asked(orchestrator)["cursor"] == "next"
    orchestrator.answers[IMAGES] = [page()]
    assert "Nothing of that kind" in photoseek("browse").stderr


def test_a_table_is_printed_as_it_comes(orchestrator: StandInOrchestrator) -> None:
    table = ImageTable(collection="default", images=())
    orchestrator.answers["GET", "/images/export"] = [table]
    orchestrator.answers[IMAGES] = [page().model_copy(update={"warnings": ("it is being filled",)})]
    for options, form in ((("--csv",), "csv"), (("--json", "--all"), "json")):
        found = photoseek("browse", "--rating", "3", *options)
        assert ImageTable.model_validate_json(found.stdout) == table
        assert found.stderr == "Warning: it is being filled\n"
        parameters = asked(orchestrator)
        assert FilterSpec.model_validate_json(parameters.pop("filters")).rating_min == 3
        assert parameters["format"] == form
    for other in ("--json", "-0", "--ids"):
        assert photoseek("browse", "--csv", other).exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rating", "4"), {"rating": 4}),
        (("--clear-rating", "--tag", "print"), {"rating": None, "add_tags": ["print"]}),
        (
            ("--no-favourite", "--not-tag", "a", "--not-tag", "b"),
            {"favourite": False, "remove_tags": ["a", "b"]},
        ),
        (("--clear-favourite",), {"favourite": None}),
    ],
)
def test_what_is_said_is_sent_and_nothing_else(
    orchestrator: StandInOrchestrator, options: tuple[str, ...], said: dict[str, object]
) -> None:
    orchestrator.answers[ANNOTATE] = [AnnotationChanged(images=1)]
    done = photoseek("annotate", ONE, ONE, *options)
    assert (done.exit_code, done.stdout) == (0, "1 picture annotated.\n")
    assert bodies(orchestrator, "/selection/annotation") == [
        {"ids": [ONE], "collection": "default", **said}
    ]


def test_what_says_nothing_or_two_things_is_wrong_usage(orchestrator: StandInOrchestrator) -> None:
    for wrong in (
        (),
        ("--rating", "6"),
        ("--rating", "3", "--clear-rating"),
        ("--favourite", "--clear-favourite"),
        ("--tag", " "),
    ):
        assert photoseek("annotate", ONE, *wrong).exit_code == 2, wrong
    assert orchestrator.heard == []


def test_a_file_is_looked_up_by_its_whole_path(orchestrator: StandInOrchestrator) -> None:
    orchestrator.answers[IMAGES] = [page("/p/a.jpg", "/p/a.jpg2")]
    orchestrator.answers[ANNOTATE] = [AnnotationChanged(images=1)]
    assert photoseek("annotate", "/p/../p/a.jpg", "--favourite").exit_code == 0
    assert json.loads(parse_qs(urlsplit(orchestrator.heard[0][1]).query)["filters"][0]) == {
        "path_prefix": "/p/a.jpg"
    }
    assert bodies(orchestrator, "/selection/annotation")[0]["ids"] == [ONE]
    gone = photoseek("annotate", "/p/a.jp", "--favourite")
    assert gone.exit_code == 1
    assert "ERR_IMAGE_NOT_FOUND" in gone.stderr
    assert len(bodies(orchestrator, "/selection/annotation")) == 1


def test_ids_come_through_a_pipe_and_in_groups(orchestrator: StandInOrchestrator) -> None:
    orchestrator.answers[ANNOTATE] = [
        AnnotationChanged(images=MAX_SELECTION),
        AnnotationChanged(images=0, missing=(TWO,)),
    ]
    ids = [f"{number:08x}-0000-0000-0000-000000000000" for number in range(MAX_SELECTION + 1)]
    for ending in ("\n", "\0"):
        piped = ending.join([*ids, ""])
        done = CliRunner().invoke(app, ["annotate", "-", "--favourite"], input=piped)
    sent = bodies(orchestrator, "/selection/annotation")
    assert [len(one["ids"]) for one in sent] == [MAX_SELECTION, 1] * 2  # type: ignore[arg-type]  # JSON
    assert done.exit_code == 1
    assert f"holds no image {TWO}" in done.stderr
    assert CliRunner().invoke(app, ["annotate", "-", "--favourite"], input="").exit_code == 2


def test_pictures_are_forgotten_listed_and_taken_back(orchestrator: StandInOrchestrator) -> None:
    orchestrator.answers[FORGET] = [ForgetReply(forgotten=3, missing=1)]
    done = photoseek("forget", ONE, TWO)
    assert (done.exit_code, done.stdout) == (1, "3 pictures forgotten.\n")
    assert "does not hold 1 of those" in done.stderr
    assert "forgotten take-back" in done.stderr
    assert bodies(orchestrator, "/selection/forget") == [
        {"ids": [ONE, TWO], "collection": "default"}
    ]
    first, second = (
        ForgottenReply(sha256=sha256, path="/p/a\t.jpg", forgotten_at=NOW) for sha256 in HASHES
    )
    pages = [
        ForgottenList(forgotten=(first,), next_after=HASHES[0]),
        ForgottenList(forgotten=(second,), next_after=None),
    ]
    orchestrator.answers[FORGOTTEN] = [*pages, *pages, *pages]
    lines = photoseek("forgotten", "list").stdout.splitlines()
    assert lines == [f"{sha256}\t2026-01-02 03:04\t/p/a\\t.jpg" for sha256 in HASHES]
    assert asked(orchestrator)["after"] == HASHES[0]
    listed = json.loads(photoseek("forgotten", "list", "--json").stdout)
    assert [one["sha256"] for one in listed] == list(HASHES)
    for sha256 in HASHES:
        orchestrator.answers["DELETE", f"/collections/default/forgotten/{sha256}"] = [first]
    done = photoseek("forgotten", "take-back", "/p/a\t.jpg", HASHES[0])
    assert (done.exit_code, done.stdout) == (0, "2 contents taken back.\n")
    assert [path.rpartition("/")[2] for _, path, _ in orchestrator.heard[-2:]] == list(HASHES)
    orchestrator.answers[FORGOTTEN] = [pages[1]]
    assert photoseek("forgotten", "take-back", "/p/other.jpg").exit_code == 1
