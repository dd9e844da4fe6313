"""What must hold of an errand that was cut off, against one that was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np

from tests.kills.inference import BATCH_IMAGES, WINDOW
from tests.kills.rig import Step, Story

LEAST_COSINE = 0.9999
SENT, REMEMBERED = "inference.embed", "cache.put_vectors"
SHOWN, SAID = "inference.caption", "cache.put_captions"
ON_THE_WIRE = WINDOW * BATCH_IMAGES  # images that are asked for and not answered, at the most


def check_same_end(story: Story, whole: Story) -> None:
    """Rows, ids, vectors, captions, counts and failures are those of the uninterrupted errand."""
    left, expected = story.left, whole.left
    assert left["state"] == "completed"
    assert left["counts"] == expected["counts"]
    assert left["failures"] == expected["failures"]
    assert left["removed"] == expected["removed"]
    assert (left["model"], left["generations"]) == (expected["model"], expected["generations"])
    assert (left["done"], left["report"]) == (expected["done"], expected["report"])
    assert left["table_rows"] == len(left["rows"])
    assert left["rows"] == dict.fromkeys(expected["rows"], 1)
    assert left["contents"] == expected["contents"]
    assert left["captions"] == expected["captions"]
    assert left["texts"] == expected["texts"]
    assert left["annotations"] == expected["annotations"]
    assert left["forgotten"] == expected["forgotten"]
    assert left["duplicates"] == expected["duplicates"]
    assert left["exports"] == expected["exports"]
    assert left["unfinished_exports"] == []
    assert left["word_rows"] == sorted(left["rows"])
    ids = sorted(left["rows"])
    ours, theirs = (
        np.array([of["vectors"][each] for each in ids], dtype=np.float64) for of in (left, expected)
    )
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert np.all((ours * theirs).sum(axis=1) > LEAST_COSINE)


def check_inferences(
    story: Story,
    whole: Story,
    contents: Mapping[str, str],
    *,
    sent_by: str = SENT,
    remembered_by: str = REMEMBERED,
) -> int:
    """Nothing is inferred again but what was in flight at a death. Returns how many images were.

    In flight is what was sent and is not remembered: on the wire, at most a window of whole
    batches; or answered, and on its way to the store (`run.ENDS`) or in the group that is being
    stored. Content by content it is known which. `contents` are by point id.
    """
    inferred = Counter(contents[image] for batch in story.inferred for image in batch)
    assert set(inferred) == {contents[image] for batch in whole.inferred for image in batch}
    remembered: set[str] = set()
    may_repeat: Counter[str] = Counter()
    for trace in story.traces:
        sent = [contents[image] for image in chain(*about(trace, sent_by, "begun"))]
        failed = Counter(contents[image] for image in chain(*about(trace, sent_by, "failed")))
        assert not remembered & set(sent), "what the cache knows was inferred again"
        assert max((Counter(sent) - failed).values(), default=1) == 1
        assert most_on_the_wire(trace, sent_by) <= ON_THE_WIRE
        remembered.update(chain(*about(trace, remembered_by, "ended")))
        may_repeat.update((set(sent) - remembered) | set(failed))
    repeated = inferred - Counter(set(inferred))
    assert repeated <= may_repeat, repeated - may_repeat
    if not story.deaths:
        assert repeated.total() <= story.outages * ON_THE_WIRE
    return repeated.total()


def most_on_the_wire(trace: Iterable[Step], sent_by: str) -> int:
    """Images that were being asked for at once."""
    now, most = 0, 0
    for step in trace:
        if step.step == sent_by:
            now += len(step.about) if step.phase == "begun" else -len(step.about)
            most = max(most, now)
    return most


def about(trace: Iterable[Step], step: str, phase: str) -> list[tuple[str, ...]]:
    """What each call of the step was about that came to that phase."""
    return [one.about for one in trace if (one.step, one.phase) == (step, phase)]
