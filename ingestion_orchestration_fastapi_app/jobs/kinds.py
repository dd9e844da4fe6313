"""The kinds of jobs: a registry that `main` fills. Nothing else here knows any of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog
from pydantic import BaseModel

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest
from ingestion_orchestration_fastapi_app.errors import JobKindUnknown
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from utils.contract import JobEffect

log = structlog.get_logger(__name__)

OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class KindDescription:
    """What people are told of a kind that they may start.

    `lane` is what `lane_of` says, up to a `:`. `asked` are the options as they are asked for, where
    a job keeps them otherwise.
    """

    sentence: str
    changes: JobEffect
    lane: str | None = None
    asked: type[BaseModel] | None = None


@dataclass(frozen=True, slots=True)
class Kind(Generic[OptionsT]):
    """One kind of work. `lane_of` says in which lane a job with such options runs, None: in none.

    `run` gives None where it was stopped, and what was not done stays to be done. `workers` are
    those of its stages. `tidy` takes away what a job leaves behind, by its id, once it has ended:
    also one that was cancelled while it was paused. It may be cut off. `described`: None where
    nobody is offered it.
    """

    name: str
    options: type[OptionsT]
    run: Callable[[JobScope, OptionsT], Awaitable[Ending | None]]
    lane_of: Callable[[OptionsT], str | None]
    workers: Mapping[str, int] = field(default_factory=dict)
    tidy: Callable[[str], Awaitable[None]] | None = None
    described: KindDescription | None = None

    def request(self, collection: str, options: Mapping[str, object]) -> JobRequest:
        """Raises pydantic's ValidationError where the options are not the kind's."""
        given = self.options.model_validate(options)
        return JobRequest(collection, self.name, self.lane_of(given), given.model_dump(mode="json"))

    async def work(self, scope: JobScope) -> Ending | None:
        return await self.run(scope, self.options.model_validate(scope.request.options))


class AnyKind(Protocol):
    """A `Kind`, whatever its options are."""

    @property
    def name(self) -> str: ...
    @property
    def options(self) -> type[BaseModel]: ...
    @property
    def workers(self) -> Mapping[str, int]: ...
    @property
    def described(self) -> KindDescription | None: ...
    @property
    def tidy(self) -> Callable[[str], Awaitable[None]] | None: ...
    def request(self, collection: str, options: Mapping[str, object]) -> JobRequest: ...
    async def work(self, scope: JobScope) -> Ending | None: ...


class Kinds:
    """Those that this process can run, by name."""

    def __init__(self, kinds: Iterable[AnyKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def all(self) -> tuple[AnyKind, ...]:
        """By name."""
        return tuple(self._kinds[name] for name in sorted(self._kinds))

    def named(self, name: str) -> AnyKind:
        """Raises JobKindUnknown."""
        if name not in self._kinds:
            known = ", ".join(sorted(self._kinds))
            raise JobKindUnknown(f"There is no kind of job {name!r}; there are: {known}.")
        return self._kinds[name]

    async def tidied(self, name: str, job_id: str) -> None:
        """After the end of a job of that kind. What fails is logged: the job has ended."""
        kind = self._kinds.get(name)
        if kind is None or kind.tidy is None:
            return
        try:
            await kind.tidy(job_id)
        except Exception:
            log.exception("job_not_tidied", job_id=job_id)
