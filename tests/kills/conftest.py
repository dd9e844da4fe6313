"""The errands that are cut off, and what becomes of each when nothing cuts it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.kills.life import Errand
from tests.kills.photos import change, contents, fill, path_of, repeat
from tests.kills.rig import Rig, Scenario, Seen, Story
from tests.kills.spoil import spoil

NAMES = (
    "first",
    "sync",
    "again",
    "same",
    "moved",
    "forgotten",
    "checked",
    "reembedded",
    "selected",
    "captioned",
    "undone",
    "named",
    "searched",
    "exported",
    "restored",
)
AWAY = (3, 6, 8, 13, 18, 23)  # photos, by number


@dataclass(frozen=True, slots=True)
class Known:
    """A scenario and its uninterrupted end. `calls`: of each step; `contents`: by point id."""

    scenario: Scenario
    whole: Story
    contents: Mapping[str, str]

    @property
    def calls(self) -> Counter[str]:
        (trace,) = self.whole.traces
        return Counter(step.step for step in trace if step.phase == "begun")


SEEN = pytest.StashKey[Seen]()


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Rig:
    rig = Rig(tmp_path_factory.mktemp("kills"))
    pytestconfig.stash[SEEN] = rig.seen
    return rig


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    seen = config.stash.get(SEEN, None)
    if seen is not None:
        terminalreporter.write_line(str(seen))


@pytest.fixture(scope="session")
def known(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Known]:
    """By name: a first import, one that syncs a changed folder, one after a deletion that is to
    be watched, and one of a folder in which all is the same and nothing is to be watched any more.
    Then one of a folder that has moved, and one of a folder that was forgotten. Then a check of a
    collection in which much is wrong, another model for what was imported first, and an import
    after things were said of images and some of them forgotten. Then captions for images that were
    imported without, and an undoing of what an import removed. Then an import of a folder and of
    single files, some of which are known, and a search for duplicates. Last, an export of what was
    selected, and an import of that where all else was lost.
    """
    home = tmp_path_factory.mktemp("home")
    fill(home / "photos")
    first = Scenario("first", home, Errand({"captions": True}))
    whole = rig.story(first, keep=True)
    changed = tmp_path_factory.mktemp("changed")
    fill(changed / "photos")
    before = rig.story(Scenario("before", changed, Errand({})), keep=True)
    change(changed / "photos")
    wanted = {"sync": True, "confirm_deletes": True, "captions": True}
    sync = Scenario("sync", changed, _after(before, wanted), before.folder / "data")
    synced = rig.story(sync)
    errand = _after(whole, {"watch": True}, delete_first=True)
    again = Scenario("again", home, errand, whole.folder / "data")
    watched = rig.story(again, keep=True)
    errand = replace(_after(watched, {"watch": False}), root_first=True)
    same = Scenario("same", home, errand, watched.folder / "data")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(home / "photos", elsewhere / "photos")
    errand = replace(_after(whole, {"sync": True}), moved_from=home / "photos")
    moved = Scenario("moved", elsewhere, errand, whole.folder / "data")
    errand = replace(_after(whole, {"captions": True}), forget_first=True)
    forgotten = Scenario("forgotten", home, errand, whole.folder / "data")
    damaged = tmp_path_factory.mktemp("damaged")
    fill(damaged / "photos")
    stored = rig.story(Scenario("stored", damaged, Errand({})), keep=True)
    missing = path_of(damaged / "photos", 6)
    missing.unlink()
    spoil(stored.folder / "data", but=missing.name)
    errand = replace(_after(stored, {}), check=True)
    checked = Scenario("checked", damaged, errand, stored.folder / "data")
    errand = replace(_after(whole, {}), reembed=True)
    reembedded = Scenario("reembedded", home, errand, whole.folder / "data")
    errand = replace(_after(whole, {"captions": True}), select_first=True)
    selected = Scenario("selected", home, errand, whole.folder / "data")
    plain = tmp_path_factory.mktemp("plain")
    fill(plain / "photos")
    silent = rig.story(Scenario("silent", plain, Errand({})), keep=True)
    errand = replace(_after(silent, {}), caption=True)
    captioned = Scenario("captioned", plain, errand, silent.folder / "data")
    chosen = rig.story(selected, keep=True)
    jobs = frozenset({whole.left["job_id"], chosen.left["job_id"]})
    errand = Errand({"thumbnails": True}, jobs, transfer="export")
    exported = Scenario("exported", home, errand, chosen.folder / "data")
    sent = rig.story(exported, keep=True)
    only = tmp_path_factory.mktemp("only")
    shutil.copytree(sent.folder / "data" / "exports", only / "data" / "exports")
    restored = Scenario("restored", home, Errand({}, transfer="import"), only / "data")
    undone = _undone(rig, tmp_path_factory.mktemp("returned"), wanted)
    named = _named(rig, tmp_path_factory.mktemp("apart"))
    twofold = tmp_path_factory.mktemp("twofold")
    fill(twofold / "photos")
    repeat(twofold / "photos")
    kept = rig.story(Scenario("kept", twofold, Errand({})), keep=True)
    errand = replace(_after(kept, {}), duplicates=True)
    searched = Scenario("searched", twofold, errand, kept.folder / "data")
    return {
        "first": _known(first, whole),
        "sync": _known(sync, synced),
        "again": _known(again, watched),
        "same": _known(same, rig.story(same)),
        "moved": _known(moved, rig.story(moved)),
        "forgotten": _known(forgotten, rig.story(forgotten)),
        "checked": _known(checked, rig.story(checked)),
        "reembedded": _known(reembedded, rig.story(reembedded)),
        "selected": _known(selected, chosen),
        "captioned": _known(captioned, rig.story(captioned)),
        "undone": _known(undone, rig.story(undone)),
        "named": _known(named, rig.story(named)),
        "searched": _known(searched, rig.story(searched)),
        "exported": _known(exported, sent),
        "restored": _known(restored, rig.story(restored)),
    }


def _undone(rig: Rig, returned: Path, wanted: Mapping[str, bool]) -> Scenario:
    """A disk was away during an import with sync, and is back."""
    photos, away = returned / "photos", returned / "away"
    fill(photos)
    imported = rig.story(Scenario("imported", returned, Errand({"captions": True})), keep=True)
    away.mkdir()
    for number in AWAY:
        path_of(photos, number).rename(path_of(away, number))
    errand = _after(imported, wanted)
    removing = Scenario("removing", returned, errand, imported.folder / "data")
    removed = rig.story(removing, keep=True)
    for number in AWAY:
        path_of(away, number).rename(path_of(photos, number))
    jobs = frozenset({imported.left["job_id"], removed.left["job_id"]})
    errand = Errand({}, jobs, undo=removed.left["job_id"])
    return Scenario("undone", returned, errand, removed.folder / "data")


def _named(rig: Rig, apart: Path) -> Scenario:
    """The files beside a folder are named, and not the folder that they are in."""
    photos = apart / "photos"
    fill(photos)
    known = {"directory_path": None, "paths": [str(path_of(photos, one)) for one in range(9)]}
    some = rig.story(Scenario("some", apart, Errand(known)), keep=True)
    files = sorted(one for one in photos.iterdir() if one.is_file() and "UTF-8" not in one.name)
    paths = {"directory_path": str(photos / "more"), "paths": [str(one) for one in files]}
    errand = _after(some, {**paths, "sync": True})
    return Scenario("named", apart, errand, some.folder / "data")


def _after(story: Story, request: Mapping[str, object], *, delete_first: bool = False) -> Errand:
    return Errand(request, frozenset({story.left["job_id"]}), delete_first)


def _known(scenario: Scenario, whole: Story) -> Known:
    return Known(scenario, whole, contents(scenario.home / "photos"))
