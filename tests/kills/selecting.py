"""Says things of images, forgets some and takes one back; a client that was cut off goes on."""

from __future__ import annotations

from pathlib import Path

from tests.component.orchestrator_app import Running
from tests.kills.photos import contents, image_at, path_of

API = "/api/v1"
RATED, TAGGED, TAKEN_BACK, FORGOTTEN = 5, (6, 7), 3, 0  # photos, by number
SAID = len({RATED, *TAGGED})  # images of which something is said


async def select(running: Running) -> None:
    """What is seen to be done already is not asked for again."""
    photos = running.photos
    rating = {"rating": 4, "tags": ["lake"]}
    said = await running.http.put(f"{API}/images/{_image(photos, RATED)}/annotation", json=rating)
    assert said.status_code == 200, said.text
    tags = {"ids": [_image(photos, one) for one in TAGGED], "add_tags": ["print"]}
    changed = await running.post("/selection/annotation", tags)
    assert changed.status_code == 200, changed.text
    await _gather(running)
    await _take_back(running)
    if _content(photos, FORGOTTEN) not in await _forgotten(running):
        await _forget(running, FORGOTTEN)


async def _gather(running: Running) -> None:
    """An album that stays, with its search changed, and one that is deleted."""
    known = {one["name"]: one["id"] for one in (await running.get("/albums"))["albums"]}
    for name in {"kept", "gone"} - known.keys():
        made = await running.post("/albums", {"name": name, "search": {"filters": {}}})
        assert made.status_code == 201, made.text
        known[name] = made.json()["id"]
    album = f"{API}/albums/{known['kept']}"
    search = {"search": {"filters": {"rating_min": 4}}}
    put_in = {"ids": [_image(running.photos, one) for one in TAGGED]}
    taken_out = {"ids": [_image(running.photos, TAGGED[0])]}
    for answer in (
        await running.http.patch(album, json=search),
        await running.http.post(f"{album}/images", json=put_in),
        await running.http.post(f"{album}/images/remove", json=taken_out),
        await running.http.get(f"{album}/images"),
    ):
        assert answer.status_code == 200, answer.text
    gone = await running.http.delete(f"{API}/albums/{known['gone']}")
    assert gone.status_code == 204, gone.text


async def _take_back(running: Running) -> None:
    """One that is neither there nor forgotten was taken back before."""
    image, content = _image(running.photos, TAKEN_BACK), _content(running.photos, TAKEN_BACK)
    if (await running.http.get(f"{API}/images/{image}")).status_code == 200:
        await _forget(running, TAKEN_BACK)
    if content in await _forgotten(running):
        path = f"{API}/collections/default/forgotten/{content}"
        taken = await running.http.delete(path)
        assert taken.status_code == 204, taken.text


async def _forget(running: Running, number: int) -> None:
    reply = await running.post("/selection/forget", {"ids": [_image(running.photos, number)]})
    assert reply.status_code == 200, reply.text


async def _forgotten(running: Running) -> list[str]:
    reply = await running.get("/collections/default/forgotten")
    return [one["sha256"] for one in reply["forgotten"]]


def _image(photos: Path, number: int) -> str:
    return str(image_at(photos, path_of(photos, number)))


def _content(photos: Path, number: int) -> str:
    return contents(photos)[_image(photos, number)]
