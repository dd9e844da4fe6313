"""Albums are made, and looked through page by page."""

from __future__ import annotations

from typing import Any

from tests.component.orchestrator_app import Running

NOBODY = "00000000-0000-4000-8000-000000000000"
REDS = {"query": "red", "min_score": 0.9}


async def ids(running: Running) -> dict[str, str]:
    listed = (await running.get("/images?limit=100"))["images"]
    return {name_of(one): one["id"] for one in listed}


def name_of(image: dict[str, Any]) -> str:
    return str(image["path"].rpartition("photos/")[2])


async def made(running: Running, name: str, **more: object) -> Any:
    answer = await running.post("/albums", {"name": name, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/albums/{answer.json()['id']}"
    return answer.json()


async def pages(running: Running, album: str, asked: str = "", *, limit: int = 100) -> list[Any]:
    """Each image that is listed, and the total of the first page."""
    found: list[Any] = []
    cursor, total = "", None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = await running.get(f"/albums/{album}/images?limit={limit}{asked}{more}")
        assert (page["total"] is None) == bool(cursor)
        total = page["total"] if total is None else total
        found += page["results"]
        cursor = page["cursor"]
        if cursor is None:
            assert total == len(found)
            return found
