"""What was made of a file, or why it was not: artefacts, and what becomes of them in a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from utils.contract import ErrorCode
from utils.problems import Rejected

OF_THE_FILE = ""  # the model of what no model made
OF_ENDPOINT = "endpoint-"  # what fingerprints of captioners that are no service of ours begin with
UNKNOWN_CAPTIONER = "?"  # a service that fetches its captioner yet: no file has its caption

# What only a model gives, or the store for one model's point. All else, quarantine too, is said
# of the file, whatever the model.
_OF_VECTORS = frozenset({ErrorCode.CLIP_INFER, ErrorCode.BATCH_TOO_LARGE, ErrorCode.STORE_ROW})


class Kind(StrEnum):
    """A picture is a verdict alone: of a file with one that is well there is no artefact."""

    PICTURE = "picture"
    VECTOR = "vector"
    CAPTION = "caption"


class State(StrEnum):
    """Of the stale there is one, of an older content or of what the file said then."""

    STORED = "stored"
    STALE = "stale"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Artefact:
    """`code` says why the last attempt failed, also where a stale one is there.

    `reader_version` names the readers of the file at `updated_at`; None: nobody kept it.
    `attempts`: how often in a row these bytes came to this failure.
    """

    kind: Kind
    model: str
    state: State
    code: ErrorCode | None = None
    detail: str | None = None
    reader_version: str | None = None
    attempts: int = 0
    updated_at: datetime | None = None

    @property
    def is_there(self) -> bool:
        return self.state is State.STORED or self.state is State.STALE

    @property
    def is_verdict(self) -> bool:
        return self.code is not None or self.state is State.SKIPPED


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job wants of each file. Without a caption's model it wants none."""

    vector_model: str
    caption_model: str | None = None


def stored(kind: Kind, model: str) -> Artefact:
    return Artefact(kind, model, State.STORED)


def failed(fault: Rejected, *, model: str) -> Artefact:
    """A verdict on the file, or on its vector alone, as the code says."""
    is_vector = fault.code in _OF_VECTORS
    kind, of = (Kind.VECTOR, model) if is_vector else (Kind.PICTURE, OF_THE_FILE)
    return Artefact(kind, of, State.FAILED, fault.code, fault.detail)


def skipped(detail: str | None) -> Artefact:
    return Artefact(Kind.PICTURE, OF_THE_FILE, State.SKIPPED, detail=detail)


def forgotten(*, reader_version: str | None = None, now: datetime | None = None) -> Artefact:
    """What is in the file, somebody has removed from the collection."""
    return Artefact(
        Kind.PICTURE,
        OF_THE_FILE,
        State.SKIPPED,
        ErrorCode.IMAGE_FORGOTTEN,
        "somebody has removed it from the collection",
        reader_version,
        updated_at=now,
    )


def excluded(*, reader_version: str | None = None, now: datetime | None = None) -> Artefact:
    """The folder of the file, somebody has excluded from the collection."""
    return Artefact(
        Kind.PICTURE,
        OF_THE_FILE,
        State.SKIPPED,
        ErrorCode.FOLDER_EXCLUDED,
        "somebody has excluded its folder from the collection",
        reader_version,
        updated_at=now,
    )


def is_removed(artefacts: Iterable[Artefact]) -> bool:
    """There is to be no point of the file: people say so, of it or of its folder."""
    of_file = found(artefacts, Kind.PICTURE)
    return of_file is not None and of_file.code in (
        ErrorCode.IMAGE_FORGOTTEN,
        ErrorCode.FOLDER_EXCLUDED,
    )


def is_forgotten(artefacts: Iterable[Artefact]) -> bool:
    of_file = found(artefacts, Kind.PICTURE)
    return of_file is not None and of_file.code is ErrorCode.IMAGE_FORGOTTEN


def without_point(known: Iterable[Artefact], verdict: Artefact | None) -> list[Artefact]:
    """What is left of what was known, once the points are removed: verdicts on the file, or the
    one that is new.
    """
    if verdict is not None:
        return [verdict]
    return [one for one in known if one.kind is Kind.PICTURE]


def caption_failed(fault: Rejected, *, model: str) -> Artefact:
    return Artefact(Kind.CAPTION, model, State.FAILED, fault.code, fault.detail)


def has_endpoint_caption(artefacts: Iterable[Artefact]) -> bool:
    """Whether a captioner that no import can ask has said what the picture shows."""
    return any(
        one.kind is Kind.CAPTION and one.state is State.STORED and one.model.startswith(OF_ENDPOINT)
        for one in artefacts
    )


def found(artefacts: Iterable[Artefact], kind: Kind, model: str = OF_THE_FILE) -> Artefact | None:
    for one in artefacts:
        if one.kind is kind and one.model == model:
            return one
    return None


def is_stored(artefacts: Iterable[Artefact], vector_model: str) -> bool:
    vector = found(artefacts, Kind.VECTOR, vector_model)
    return vector is not None and vector.state is State.STORED


def refusal(artefacts: Sequence[Artefact], vector_model: str) -> Artefact | None:
    """Why a file has no vector of the model, or only a stale one."""
    of_file = found(artefacts, Kind.PICTURE)
    if of_file is not None:
        return of_file
    vector = found(artefacts, Kind.VECTOR, vector_model)
    return vector if vector is not None and vector.is_verdict else None


def updated(
    known: Sequence[Artefact],
    made: Sequence[Artefact],
    *,
    same_file: bool,
    same_content: bool,
    reader_version: str,
    now: datetime,
) -> list[Artefact]:
    """What is known of a file once a job has `made` something of it; nothing: as before.

    Args:
        known: before.
        made: all that the job did: a point that is stored is there with its caption or has none.
        same_file: size, time and sidecars are those that were known.
        same_content: hash and sidecars are, whatever the time.
        reader_version: of the readers that the job had.
        now: when.
    """
    if not made:
        return list(known)
    has_point = any(one.kind is Kind.VECTOR and one.state is State.STORED for one in made)
    is_refused = any(one.kind is Kind.PICTURE for one in made)
    after: list[Artefact] = []
    for new in made:
        old = found(known, new.kind, new.model)
        if new.kind is Kind.CAPTION and same_content and old is not None and _are_there(new, old):
            after.append(old)  # it is as old as it was
            continue
        attempts, state = 0, new.state
        if new.state is State.FAILED:
            attempts = 1
            if old is not None and same_file and _is_again(new, old, reader_version):
                attempts += old.attempts
            if old is not None and old.is_there and not has_point:
                state = State.STALE
        after.append(
            Artefact(
                new.kind, new.model, state, new.code, new.detail, reader_version, attempts, now
            )
        )
    for old in known:
        if old.kind is Kind.PICTURE or found(made, old.kind, old.model) is not None:
            continue
        if not old.is_there:
            after += [old] if same_content else []
        elif old.kind is Kind.CAPTION and has_point:
            continue  # the point was written without
        elif same_file and same_content and not is_refused:
            after.append(old)
        else:
            after.append(replace(old, state=State.STALE))
    return after


def with_caption(
    known: Iterable[Artefact], new: Artefact, *, reader_version: str, now: datetime
) -> list[Artefact]:
    """What is known of a file of unchanged content once a captioner has said something of it.

    A caption takes the place of those by others; where it failed, they stay.
    """
    known = list(known)
    old, attempts = found(known, Kind.CAPTION, new.model), 0
    if new.state is State.FAILED:
        is_again = old is not None and _is_again(new, old, reader_version)
        attempts = 1 + (old.attempts if old is not None and is_again else 0)
    made = replace(new, reader_version=reader_version, attempts=attempts, updated_at=now)
    is_there = new.state is State.STORED
    return [
        *(
            one
            for one in known
            if one.kind is not Kind.CAPTION or not (is_there or one.model == new.model)
        ),
        made,
    ]


def _are_there(*captions: Artefact) -> bool:
    return all(one.state is State.STORED for one in captions)


def _is_again(new: Artefact, old: Artefact, reader_version: str) -> bool:
    return (old.code, old.reader_version) == (new.code, reader_version)
