"""`photoseek albums`: made, filled, listed, over the API."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator, hit
from utils.contract import Reply, SearchReply
from utils.contract.annotations.albums import (
    ALBUM,
    AlbumDetail,
    AlbumImagesChanged,
    AlbumList,
    AlbumReply,
)

ALBUM_ID, IMAGE_ID = str(ALBUM["id"]), "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
PATH = f"/api/v1/albums/{ALBUM_ID}"


@pytest.fixture(autouse=True)
def albums(orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    album = AlbumDetail.model_validate({**ALBUM, "name": "Dogs"})
    changed = AlbumImagesChanged(changed=1, images=3, missing=(IMAGE_ID,))

    def answer(method: str, path: str) -> Reply:
        match method, path.split("?")[0]:
            case "GET", "/api/v1/albums":
                meant = "name=" not in path or "name=Dogs" in path
                listed = (AlbumReply(**album.model_dump()),) if meant else ()
                return AlbumList(albums=listed, next_after=None)
            case "GET", path if path == f"{PATH}/images":
                return SearchReply(results=(hit("/photos/a.png", 0.5),), collection="c", model="m")
            case _, path if path in ("/api/v1/albums", PATH):
                return album
        return changed

    monkeypatch.setattr(orchestrator, "answer", answer)


def test_albums_are_listed_with_what_was_found(orchestrator: StandInOrchestrator) -> None:
    listed = photoseek("albums", "list", "--collection", "default")
    assert listed.exit_code == 0
    row = ["Dogs", "2", "31", "default", "a dog on the beach", ALBUM_ID]
    assert listed.stdout == "\t".join(row) + "\n"
    assert orchestrator.heard[-1][1] == "/api/v1/albums?collection=default&limit=200"
    assert json.loads(photoseek("albums", "list", "--json").stdout)[0]["id"] == ALBUM_ID


def test_a_search_is_saved_as_an_album(orchestrator: StandInOrchestrator) -> None:
    made = photoseek(
        *("albums", "create", "Dogs", "--search", "a dog", "--min-relevance", "0.5"),
        *("--tag", "print", "--after", "2019"),
    )
    assert (made.exit_code, made.stdout) == (0, f"Dogs\t{ALBUM_ID}\n")
    method, path, body = orchestrator.heard[-1]
    assert (method, path, body["name"]) == ("POST", "/api/v1/albums", "Dogs")
    search = body["search"]
    assert isinstance(search, dict)
    assert (search["query"], search["min_relevance"]) == ("a dog", 0.5)
    assert search["filters"]["tags"] == ["print"]
    assert photoseek("albums", "create", "Wall").exit_code == 0
    assert orchestrator.heard[-1][2] == {"name": "Wall", "collection": "default", "search": None}
    assert photoseek("albums", "create", "Wall", "--after", "soon").exit_code == 2


def test_images_are_put_in_and_taken_out_by_the_albums_name(
    orchestrator: StandInOrchestrator,
) -> None:
    for command, path, said in (
        ("add", f"{PATH}/images", "1 put into Dogs"),
        ("remove", f"{PATH}/images/remove", "1 taken out of Dogs"),
    ):
        done = photoseek("albums", command, "Dogs", IMAGE_ID)
        assert (done.exit_code, done.stdout.splitlines()) == (
            1,
            [said, f"not in default\t{IMAGE_ID}"],
        )
        assert orchestrator.heard[-1] == ("POST", path, {"ids": [IMAGE_ID]})


def test_an_album_is_shown_by_name_or_id(orchestrator: StandInOrchestrator) -> None:
    for text in ("Dogs", ALBUM_ID):
        shown = photoseek("albums", "show", text, "--limit", "5")
        assert (shown.exit_code, shown.stdout) == (0, "0.500\t/photos/a.png\n")
        assert orchestrator.heard[-1][1] == f"{PATH}/images?limit=5"
    unknown = photoseek("albums", "show", "Cats")
    assert unknown.exit_code == 1
    assert "ERR_ALBUM_NOT_FOUND" in unknown.stderr


def test_an_album_is_deleted(orchestrator: StandInOrchestrator) -> None:
    assert photoseek("albums", "delete", "Dogs").stdout == "The album Dogs is deleted.\n"
    assert orchestrator.heard[-1][:2] == ("DELETE", PATH)
