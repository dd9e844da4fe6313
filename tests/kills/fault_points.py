"""Where a process may be killed: before and after each call of a port that matters to a crash."""

from __future__ import annotations

import inspect
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.inference_pool.canary import CANARY_ID
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.fused_port import FusedPort, fused_ledger

# Of the ports that keep something, whatever is not named here is a durable step.
READS = frozenset(
    {
        "ledger.collections.find",
        "ledger.collections.find_by_id",
        "ledger.collections.list_all",
        "ledger.generations.taken_tables",
        "ledger.generations.lacking",
        "ledger.generations.count_missing",
        "ledger.jobs.find",
        "ledger.jobs.list_newest",
        "ledger.jobs.page",
        "ledger.jobs.list_unfinished",
        "ledger.jobs.failures",
        "ledger.jobs.failed_keys",
        "ledger.files.recall",
        "ledger.files.seen_contents",
        "ledger.files.with_content",
        "ledger.files.stale",
        "ledger.folders.not_seen_in_scan",
        "ledger.folders.totals",
        "ledger.folders.is_unchanged_below",
        "ledger.folders.known_at",
        "ledger.folders.devices",
        "ledger.artefacts.decode_starts",
        "ledger.artefacts.pending_writes",
        "ledger.artefacts.pending_deletes",
        "ledger.artefacts.maybe_written",
        "ledger.artefacts.surely_stored",
        "ledger.artefacts.count_stored",
        "ledger.browsing.added",
        "ledger.browsing.count",
        "ledger.browsing.days",
        "ledger.browsing.facets",
        "ledger.browsing.folders",
        "ledger.browsing.neighbours",
        "ledger.browsing.page",
        "ledger.browsing.places",
        "ledger.captions.captioners",
        "ledger.catalogue.lacking",
        "ledger.catalogue.placeholders",
        "ledger.catalogue.point_ids",
        "ledger.catalogue.size",
        "ledger.catalogue.unlike",
        "ledger.catalogue.without_placeholder",
        "ledger.captions.captioned",
        "ledger.captions.count_lacking",
        "ledger.captions.described",
        "ledger.captions.lacking",
        "ledger.albums.get",
        "ledger.albums.named",
        "ledger.albums.page",
        "ledger.albums.points",
        "ledger.annotations.find",
        "ledger.annotations.of_points",
        "ledger.duplicate_decisions.unneeded",
        "ledger.duplicate_decisions.unneeded_size",
        "ledger.dismissals.page",
        "ledger.dismissals.sets",
        "ledger.duplicate_groups.counts",
        "ledger.duplicate_groups.find",
        "ledger.duplicate_groups.members",
        "ledger.duplicate_groups.of_image",
        "ledger.duplicate_groups.page",
        "ledger.duplicate_groups.shown",
        "ledger.calibrations.find",
        "ledger.calibrations.is_evaluated",
        "ledger.calibrations.neutral_texts",
        "ledger.calibrations.suggested_cut",
        "ledger.sidecars.find",
        "ledger.calibrations.templates_help",
        "ledger.forgotten.among",
        "ledger.forgotten.page",
        "ledger.forgotten.pending_collections",
        "ledger.forgotten.pending_points",
        "ledger.trash.page",
        "ledger.trash.count_of_job",
        "ledger.trash.size",
        "ledger.allowed_roots.list_all",
        "store.exists",
        "store.search",
        "store.get",
        "store.vectors",
        "store.page",
        "store.tables",
        "store.version",
        "store.label",
        "store.candidates",
        "store.count",
        "store.size",
        "store.disk_bytes",
        "words.exists",
        "words.search",
        "words.get",
        "words.size",
        "words.disk_bytes",
        "cache.vectors",
        "cache.pictures",
        "cache.captions",
        "exports.unfinished",
        "exports.names",
        "exports.folder",
        "exports.manifest",
        "exports.open",
        "exports.free_bytes",
    }
)
# Kept for a login, which needs a key that no errand has. No job or collection is concerned: one
# transaction each, in the ledger alone.
OF_LOGINS = frozenset({"ledger.sessions.find", "ledger.sessions.add", "ledger.sessions.end"})
# No errand removes a generation, gives a collection another name, hides or excludes a folder of it
# (`tests/component` cuts that off), or empties its trash: one transaction each, too.
OF_OTHER_TABLES = frozenset(
    {
        "ledger.generations.remove",
        "ledger.artefacts.end_delete",
        "ledger.collections.rename",
        "ledger.folder_marks.put",
        "ledger.folder_marks.exclude_points",
        "ledger.folder_marks.end",
        "ledger.folder_marks.take_back",
        "ledger.trash.empty",
    }
)
# No errand starts on a store that is older than its ledger: one transaction each, and
# `tests/component` cuts them off.
OF_OLDER_STORES = frozenset(
    {"ledger.roots.repeat_changes", "ledger.captions.forget", "ledger.catalogue.doubt"}
)
# No errand evaluates a model, or has so many images that noise can be told: one transaction each.
# What a kill loses is made again.
OF_RELEVANCE = frozenset(
    {
        "ledger.calibrations.keep",
        "ledger.calibrations.keep_neutral_texts",
        "ledger.calibrations.set_evaluated",
    }
)
# No errand writes sidecars, which lie beside photographs that all errands share: one transaction
# each, and `tests/component/test_sidecars_rest.py` cuts a job off before and after each.
OF_SIDECARS = frozenset({"ledger.sidecars.begin", "ledger.sidecars.end"})
# Of pictures of before: errands import theirs. `tests/unit/test_placeholders.py` cuts it off.
OF_PLACEHOLDERS = frozenset({"ledger.catalogue.put_placeholders"})
# No errand says that a group is none of duplicates, or decides about one: one transaction each, in
# the ledger alone.
OF_DISMISSALS = frozenset(
    {
        "ledger.dismissals.dismiss",
        "ledger.dismissals.take_back",
        "ledger.duplicate_decisions.add",
        "ledger.duplicate_decisions.clear",
        "ledger.duplicate_decisions.decide",
        "ledger.duplicate_decisions.take_back",
    }
)
# Of the ports that keep nothing: what a job waits for, so what a kill is likely to meet.
WAITS = frozenset(
    {
        "library.open",
        "preparation.prepare",
        "inference.capabilities",
        "inference.caption",
        "inference.embed",
    }
)
KEEPING = ("ledger", "store", "words", "cache", "exports")

# What they take away is seen by nobody: a rename, and what a later one finds is taken away then.
OF_EXPORTS = frozenset({"exports.discard", "exports.remove"})

Phase = Literal["before", "after"]


def calls_of_ports() -> frozenset[str]:
    """`port.method` of everything that can be awaited, as the protocols have it."""
    ports = get_type_hints(Ports)
    repositories = get_type_hints(ports.pop("ledger"))
    ports |= {f"ledger.{name}": hint for name, hint in repositories.items()}
    return frozenset(
        f"{port}.{name}"
        for port, hint in ports.items()
        for protocol in (hint, *get_args(hint))  # of one, or of several of a kind
        if getattr(protocol, "_is_protocol", False)
        for name, _ in inspect.getmembers(protocol, inspect.iscoroutinefunction)
    )


def fault_points() -> frozenset[str]:
    """Every durable step of a job and of its collection, and every wait."""
    durable = {name for name in calls_of_ports() if name.partition(".")[0] in KEEPING}
    left_out = READS | OF_LOGINS | OF_OTHER_TABLES | OF_OLDER_STORES | OF_RELEVANCE | OF_SIDECARS
    left_out |= OF_DISMISSALS | OF_EXPORTS | OF_PLACEHOLDERS
    return frozenset(durable - left_out | WAITS)


POINTS = fault_points()


@dataclass(frozen=True, slots=True)
class Fault:
    """`kill -9` of the process itself at the n-th call of a step, from 1."""

    step: str
    call: int
    phase: Phase

    def __str__(self) -> str:
        return f"{self.phase} {self.step} {self.call}"


class Fuse:
    """Writes down each step's beginning and end, which outlive the process, and burns at one."""

    def __init__(self, trace_path: str, fault: Fault | None) -> None:
        self._trace = os.open(trace_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._fault = fault
        self._calls: dict[str, int] = {}

    def around(self, ports: Ports) -> Ports:
        fused: dict[str, Any] = {}
        for name in (port.name for port in fields(ports)):
            port = getattr(ports, name)
            if isinstance(port, Ledger):
                fused[name] = fused_ledger(port, self.step, POINTS, prefix=f"{name}.")
            elif isinstance(port, Sequence):
                fused[name] = tuple(FusedPort(name, one, self.step, POINTS) for one in port)
            else:
                fused[name] = FusedPort(name, port, self.step, POINTS)
        return Ports(**fused)

    async def step(self, name: str, method: Any, *args: Any, **kwargs: Any) -> object:
        self._calls[name] = call = self._calls.get(name, 0) + 1
        self._burn(Fault(name, call, "before"))
        about = _about(name, *args)
        self._note(step=name, call=call, phase="begun", about=about)
        try:
            result = await method(*args, **kwargs)
        except BaseException:
            self._note(step=name, call=call, phase="failed", about=about)
            raise
        self._note(step=name, call=call, phase="ended", about=about)
        self._burn(Fault(name, call, "after"))
        return result

    def _burn(self, at: Fault) -> None:
        if at == self._fault:
            os.kill(os.getpid(), signal.SIGKILL)

    def _note(self, **line: object) -> None:
        os.write(self._trace, json.dumps(line).encode() + b"\n")


def _about(name: str, *args: Any) -> list[str]:
    """What an inference is asked for by point ids, what the cache remembers by content."""
    if name in ("inference.embed", "inference.caption"):
        uploads: Mapping[str, object] = args[0]
        return sorted(set(uploads) - {CANARY_ID})
    if name == "cache.put_captions":
        captions: Mapping[bytes, str] = args[1]
        return sorted(picture.hex() for picture in captions)
    if name == "cache.put_vectors":
        vectors: Mapping[VectorKey, object] = args[0]
        return sorted(key.sha256.hex() for key in vectors)
    return []
