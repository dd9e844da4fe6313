"""`kill -9` of the orchestrator at any moment of a job ends like an uninterrupted run."""

from __future__ import annotations

import random

import pytest

from tests.component.store_tears import DAMAGES
from tests.kills.conftest import AWAY, NAMES, Known
from tests.kills.fault_points import (
    POINTS,
    READS,
    WAITS,
    Fault,
    Phase,
    calls_of_ports,
)
from tests.kills.inference import OTHER
from tests.kills.rig import Kill, Rig, Strike
from tests.kills.selecting import SAID
from tests.kills.spoil import LOST
from tests.kills.surviving import PHASES, faults, survived, told

pytestmark = pytest.mark.timeout(900)  # a test is many kills

# From here until the group is completed the ledger knows no version with the newest data file.
UNSETTLED: tuple[tuple[str, Phase], ...] = (
    ("store.write", "after"),
    ("words.write", "before"),
    ("words.write", "after"),
    ("cache.put_pictures", "before"),
    ("cache.put_vectors", "before"),
    ("cache.put_vectors", "after"),
)


def test_every_fault_point_is_met_by_an_errand(known: dict[str, Known]) -> None:
    """A new method of a port is one: let an errand meet it, or name it among the reads."""
    met = {step for one in known.values() for step in one.calls}
    assert sorted(POINTS - met) == []
    assert calls_of_ports() >= READS | WAITS


def test_a_kill_at_each_fault_point_costs_nothing(rig: Rig, known: dict[str, Known]) -> None:
    """Each in one errand that meets it, before or after it."""
    seeded = random.Random(4)
    left = set(POINTS)
    for name in NAMES:
        both = faults(known[name], PHASES, seeded)
        seeded.shuffle(both)
        chosen = {one.step: Kill(one) for one in both if one.step in left}
        told(rig, known[name], chosen.values())
        left -= set(chosen)
    assert not left


def test_a_killed_check_reports_what_an_uninterrupted_one_does(
    rig: Rig, known: dict[str, Known]
) -> None:
    """Wherever it is cut off between what is found, what is kept, and what is mended."""
    findings = known["checked"].whole.left["report"]["findings"]
    assert findings["point_missing"]["count"] == findings["point_missing"]["mended"] == LOST
    assert findings["row_unknown"]["mended"] == findings["row_duplicated"]["mended"] == 1
    assert findings["thumbnail_missing"]["mended"] > 20
    assert findings["file_missing"]["count"] == 1
    seeded, steps = random.Random(13), faults(known["checked"], PHASES, random.Random(13))
    of_check = (
        "ledger.jobs.save_checkpoint",
        "ledger.artefacts.correct",
        "store.drop_odd_rows",
        "cache.put_pictures",
    )
    kills = [Kill(fault) for fault in steps if fault.step in of_check]
    told(rig, known["checked"], kills)
    twice = [Kill(Fault(of_check[0], seeded.randint(1, 3), phase)) for phase in PHASES]
    survived(rig, known["checked"], *twice)


def test_a_killed_change_of_model_ends_with_the_other_model_whole(
    rig: Rig, known: dict[str, Known]
) -> None:
    """Wherever it is cut off: before there is a table, in a pass, before and after the switch."""
    whole = known["reembedded"].whole.left
    assert (whole["model"], whole["generations"]) == (OTHER, ["retired", "active"])
    assert whole["counts"]["failed"] == 0
    assert whole["counts"]["embedded"] + whole["counts"]["cached"] == len(whole["rows"]) > 30
    steps = faults(known["reembedded"], PHASES, random.Random(14))
    of_change = (
        "ledger.generations.create",
        "ledger.generations.activate",
        "ledger.jobs.save_checkpoint",
        "ledger.jobs.move",
        "store.create",
        "store.put_label",
    )
    told(rig, known["reembedded"], [Kill(fault) for fault in steps if fault.step in of_change])


def test_a_killed_search_for_duplicates_shows_the_same_groups(
    rig: Rig, known: dict[str, Known]
) -> None:
    """Wherever it is cut off: between images, while groups are written, before they are shown."""
    classes = {one[0] for one in known["searched"].whole.left["duplicates"]}
    assert {"same_bytes", "same_picture"} <= classes
    steps = faults(known["searched"], PHASES, random.Random(16))
    of_search = ("ledger.duplicate_groups.", "ledger.jobs.save_checkpoint", "ledger.jobs.move")
    told(rig, known["searched"], [Kill(one) for one in steps if one.step.startswith(of_search)])


def test_what_is_said_of_images_and_forgotten_outlives_a_kill(
    rig: Rig, known: dict[str, Known]
) -> None:
    """One was taken back, so it is there again; the other and its copies are not."""
    whole, by_id = known["selected"].whole.left, known["selected"].contents
    assert len(whole["annotations"]) == SAID
    assert whole["albums"] == [["kept", 1, '{"filters":{"rating_min":4}}', 1]]
    assert len(whole["forgotten"]) == 1
    assert set(known["first"].whole.left["rows"]) - set(whole["rows"]) == {
        image for image, content in by_id.items() if content == whole["forgotten"][0]
    }
    steps = faults(known["selected"], PHASES, random.Random(15))
    of_selection = ("ledger.annotations.", "ledger.albums.", "ledger.forgotten.")
    told(rig, known["selected"], [Kill(one) for one in steps if one.step.startswith(of_selection)])


def test_a_killed_caption_job_says_everything_once_and_leaves_the_vectors_as_they_were(
    rig: Rig, known: dict[str, Known]
) -> None:
    """Wherever it is cut off: before and after the cache, the words, and the ledger."""
    whole = known["captioned"].whole.left
    assert all(whole["captions"].values())
    assert whole["report"]["numbers"]["captioned"] == whole["done"] == len(whole["rows"]) > 30
    steps = faults(known["captioned"], PHASES, random.Random(16))
    of_captions = (
        "inference.caption",
        "cache.put_captions",
        "words.write",
        "ledger.captions.complete",
        "ledger.jobs.save_checkpoint",
        "ledger.jobs.move",
    )
    kills = [Kill(fault) for fault in steps if fault.step in of_captions]
    stories = told(rig, known["captioned"], kills)
    assert len(stories) == len(kills) == 2 * len(of_captions)
    told(rig, known["captioned"], [Kill(strike=Strike(2, 0.01)), Kill(strike=Strike(4, 0.03))])


def test_a_killed_undoing_brings_all_back_once(rig: Rig, known: dict[str, Known]) -> None:
    """Wherever it is cut off between the trash, the tables, the words and the ledger."""
    whole = known["undone"].whole.left
    assert whole["report"]["numbers"]["restored"] == whole["done"] == len(AWAY)
    assert len(whole["rows"]) == len(known["first"].whole.left["rows"])
    assert all(whole["captions"].values())
    steps = faults(known["undone"], PHASES, random.Random(16))
    of_undoing = (
        "ledger.trash.begin_restore",
        "ledger.trash.restore",
        "store.write",
        "words.write",
    )
    told(rig, known["undone"], [Kill(fault) for fault in steps if fault.step in of_undoing])


def test_a_killed_import_of_single_files_counts_each_once_and_removes_none(
    rig: Rig, known: dict[str, Known]
) -> None:
    """One of the 39 is named by bytes that no call can carry: it is not imported."""
    whole = known["named"].whole.left
    counts = whole["counts"]
    assert (counts["unchanged"], counts["found"], whole["removed"]) == (9, 38, 0)
    assert counts["embedded"] + counts["cached"] + counts["unchanged"] == len(whole["rows"])
    steps = faults(known["named"], PHASES, random.Random(18))
    of_import = (
        "ledger.files.register",
        "ledger.files.complete",
        "ledger.artefacts.begin_write",
        "store.write",
        "ledger.jobs.move",
    )
    kills = [Kill(fault) for fault in steps if fault.step in of_import]
    told(rig, known["named"], [*kills, Kill(strike=Strike(2, 0.02))])


def test_an_export_and_its_import_are_whole_wherever_they_are_cut_off(
    rig: Rig, known: dict[str, Known]
) -> None:
    """Nothing is inferred, the same ids and words are there, and never half an export."""
    chosen = known["selected"].whole.left
    assert len(known["exported"].whole.left["exports"]["it"]) > 3
    restored = known["restored"].whole
    for what in ("rows", "vectors", "captions", "texts", "annotations", "contents"):
        assert restored.left[what] == chosen[what]
    assert restored.inferred == []
    for name in ("exported", "restored"):
        steps = faults(known[name], PHASES, random.Random(16))
        of_transfer = (
            "exports.begin",
            "exports.finish",
            "ledger.annotations.put_missing",
            "ledger.artefacts.begin_write",
            "ledger.files.complete",
            "ledger.generations.bind",
            "ledger.jobs.save_checkpoint",
            "ledger.roots.add",
            "store.write",
            "words.write",
        )
        told(rig, known[name], [Kill(fault) for fault in steps if fault.step in of_transfer])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *(("first", seed) for seed in (1, 2, 3)),
        ("sync", 4),
        ("again", 5),
        ("same", 6),
        ("moved", 7),
        ("forgotten", 8),
        ("checked", 9),
        ("reembedded", 10),
        ("selected", 11),
        ("captioned", 12),
        ("named", 19),
        ("undone", 13),
        ("searched", 12),
        ("exported", 14),
        ("restored", 15),
    ],
)
def test_a_kill_before_and_after_each_fault_point_costs_nothing(
    rig: Rig, known: dict[str, Known], name: str, seed: int
) -> None:
    told(rig, known[name], map(Kill, faults(known[name], PHASES, random.Random(seed))))


@pytest.mark.parametrize(
    ("name", "kills"),
    [("first", 2), *(pytest.param(name, 12, marks=pytest.mark.slow) for name in ("first", "sync"))],
)
def test_a_kill_from_outside_at_any_moment_costs_nothing(
    rig: Rig, known: dict[str, Known], name: str, kills: int
) -> None:
    seeded = random.Random(6)
    batches = len(known[name].whole.inferred)
    strikes = [
        Strike(seeded.randint(1, max(1, batches - 2)), seeded.uniform(0, 0.06))
        for _ in range(kills)
    ]
    told(rig, known[name], [Kill(strike=strike) for strike in strikes])


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_a_kill_that_tears_the_newest_file_of_the_store_costs_nothing(
    rig: Rig, known: dict[str, Known], kills: int
) -> None:
    """As a loss of power does: what the ledger does not know as synced may be anything."""
    seeded = random.Random(7)
    calls = known["first"].calls
    torn = []
    for _ in range(kills):
        step, phase = seeded.choice(UNSETTLED)
        fault = Fault(step, seeded.randint(1, calls[step]), phase)
        torn.append(Kill(fault, damage=seeded.choice(DAMAGES)))
    told(rig, known["first"], torn)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_kills_in_a_row_cost_nothing(rig: Rig, known: dict[str, Known], seed: int) -> None:
    """The second meets the start-up that mends what the first left.

    Not the job itself: what two kills in a row met while it was tried alone is quarantined.
    """
    seeded = random.Random(80 + seed)
    step, phase = seeded.choice(UNSETTLED)
    first = Kill(Fault(step, seeded.randint(1, 3), phase), damage=seeded.choice([None, *DAMAGES]))
    mending = ("store.open", "ledger.artefacts.reconcile", "ledger.generations.set_synced_version")
    second = Kill(Fault(seeded.choice(mending), 1, seeded.choice(PHASES)))
    survived(rig, known["first"], first, second)
