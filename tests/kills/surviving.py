"""Tells stories of kills and checks the end of each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.kills.checks import SAID, SHOWN, check_inferences, check_same_end
from tests.kills.conftest import Known
from tests.kills.fault_points import POINTS, Fault, Phase
from tests.kills.inference import Outage, OutagePhase
from tests.kills.rig import Kill, Rig, Story

AT_ONCE = 2
PHASES: tuple[Phase, ...] = ("before", "after")
OUTAGES: tuple[OutagePhase, ...] = ("unread", "unanswered", "cut")


def told(rig: Rig, known: Known, kills: Iterable[Kill]) -> list[Story]:
    """A story for each kill, all of which ended as they must."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda kill: survived(rig, known, kill), kills))


def survived(rig: Rig, known: Known, *kills: Kill) -> Story:
    """A life for each kill. A call that a life never came to is moved to an earlier one."""
    story = rig.story(known.scenario, kills)
    while not _happened(story, kills) and any(_call(kill) > 1 for kill in kills):
        # Groups and batches are cut by time, too: there were fewer of them than were counted.
        kills = tuple(_earlier(kill) for kill in kills)
        story = rig.story(known.scenario, kills)
    where = f"{known.scenario.name}: {'; then '.join(map(str, kills))}"
    try:
        check_same_end(story, known.whole)
        is_caption = known.scenario.errand.caption
        ways = {"sent_by": SHOWN, "remembered_by": SAID} if is_caption else {}
        repeated = check_inferences(story, known.whole, known.contents, **ways)
        assert _happened(story, kills)
    except AssertionError as exc:
        raise AssertionError(where) from exc
    rig.seen.count(story, repeated)
    return story


def faults(known: Known, phases: Iterable[Phase], seeded: random.Random) -> list[Fault]:
    """One at each fault point of the scenario and each of the phases, at a seeded call."""
    calls = known.calls
    return [
        Fault(step, seeded.randint(1, calls[step]), phase)
        for step in sorted(POINTS & set(calls))
        for phase in phases
    ]


def outages(known: Known, number: int, seeded: random.Random) -> list[Outage]:
    """At seeded batches of the scenario."""
    batches = len(known.whole.inferred)
    return [Outage(seeded.randint(1, batches), seeded.choice(OUTAGES)) for _ in range(number)]


def _happened(story: Story, kills: Sequence[Kill]) -> bool:
    deaths = sum(kill.is_deadly for kill in kills)
    outages = sum(kill.outage is not None for kill in kills)
    return (story.deaths, story.outages) == (deaths, outages)


def _call(kill: Kill) -> int:
    return max(0 if one is None else one.call for one in (kill.fault, kill.outage))


def _earlier(kill: Kill) -> Kill:
    fault, outage = kill.fault, kill.outage
    return replace(
        kill,
        fault=None if fault is None else replace(fault, call=max(1, fault.call // 2)),
        outage=None if outage is None else replace(outage, call=max(1, outage.call // 2)),
    )
