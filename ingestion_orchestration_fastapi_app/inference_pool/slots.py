"""Who gets the next free slot of a service: jobs share them, and a suspect is sent alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.inference_pool.endpoint import Endpoint, EndpointStatus


@dataclass(slots=True, eq=False)
class Share:
    """What one job may use and holds. `may_use` says of a service whether it is what it needs."""

    may_use: Callable[[Endpoint], bool]
    slots: Counter[Endpoint] = field(default_factory=Counter)

    @property
    def held(self) -> int:
        return self.slots.total()


@dataclass(slots=True, eq=False)
class Ticket:
    """One request that waits for a slot.

    Attributes:
        alone: while it is under way, the service is sent nothing else.
        only: of no other service.
        unlike: of another service, if one is up.
    """

    share: Share
    alone: bool = False
    only: Endpoint | None = None
    unlike: Endpoint | None = None
    is_granted: bool = False


class Slots:
    """Decides and counts; waits for nothing."""

    def __init__(self) -> None:
        self._shares: list[Share] = []
        self._waiting: list[Ticket] = []  # in the order of their coming

    def join(self, share: Share) -> None:
        self._shares.append(share)

    def leave(self, share: Share) -> None:
        """With all that it holds: what a stopped job had under way was cut off."""
        self._shares.remove(share)
        for endpoint in list(share.slots.elements()):
            self.give_back(share, endpoint)

    def enter(self, ticket: Ticket) -> None:
        self._waiting.append(ticket)

    def withdraw(self, ticket: Ticket, endpoints: Sequence[Endpoint]) -> None:
        """Whether it was granted or gave up."""
        self._waiting.remove(ticket)
        for one in endpoints:
            if one.reserved_by is ticket and not ticket.is_granted:
                one.reserved_by = None

    def granted(self, ticket: Ticket, endpoints: Sequence[Endpoint]) -> Endpoint | None:
        """A service that the ticket has a slot of from now on, if there is one."""
        choices = self._choices(ticket, endpoints)
        if ticket.alone:
            chosen = self._empty(ticket, choices, endpoints)
        else:
            chosen = self._roomiest(ticket, choices, endpoints)
        if chosen is not None:
            chosen.in_flight += 1
            ticket.share.slots[chosen] += 1
            ticket.is_granted = True
        return chosen

    def give_back(self, share: Share, endpoint: Endpoint) -> None:
        endpoint.in_flight -= 1
        share.slots[endpoint] -= 1
        if isinstance(endpoint.reserved_by, Ticket) and endpoint.reserved_by.is_granted:
            endpoint.reserved_by = None

    def has_capacity(self, share: Share, endpoints: Sequence[Endpoint]) -> bool:
        """Whether one more batch could be sent, those that wait being first.

        Or whether the job has less than its part, which it would get with the next free slot.
        """
        usable = [one for one in endpoints if _is_up(one) and share.may_use(one)]
        open_to_all = [one for one in usable if one.reserved_by is None]
        waiting = [one for one in self._waiting if any(map(one.share.may_use, usable))]
        if sum(one.free_slots for one in open_to_all) > len(waiting):
            return True
        slots = sum(one.window.size for one in open_to_all if one.window is not None)
        sharing = sum(any(map(other.may_use, usable)) for other in self._shares)
        mine = share.held + sum(one.share is share for one in waiting)
        return mine < max(1, slots // max(1, sharing)) and slots > 0

    def _before(self, ticket: Ticket) -> list[Ticket]:
        """Those that get a slot first: of jobs that hold less, then those that came earlier."""
        place = self._waiting.index(ticket)
        return [
            other
            for index, other in enumerate(self._waiting)
            if not other.alone and (other.share.held, index) < (ticket.share.held, place)
        ]

    def _choices(self, ticket: Ticket, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
        usable = [one for one in endpoints if _is_up(one) and ticket.share.may_use(one)]
        if ticket.only is not None:
            return [one for one in usable if one is ticket.only]
        return [one for one in usable if one is not ticket.unlike] or usable

    def _roomiest(
        self, ticket: Ticket, choices: Sequence[Endpoint], endpoints: Sequence[Endpoint]
    ) -> Endpoint | None:
        before = self._before(ticket)
        for one in sorted(choices, key=lambda one: one.free_slots, reverse=True):
            ahead = sum(one in self._choices(other, endpoints) for other in before)
            if one.reserved_by is None and one.free_slots > ahead:
                return one
        return None

    def _empty(
        self, ticket: Ticket, choices: Sequence[Endpoint], endpoints: Sequence[Endpoint]
    ) -> Endpoint | None:
        """One that is sent nothing else; it is reserved while it runs empty."""
        reserved = next((one for one in endpoints if one.reserved_by is ticket), None)
        if reserved is not None and reserved not in choices:
            reserved.reserved_by = None  # it is away by now
            reserved = None
        free = [one for one in choices if one.reserved_by is None]
        if reserved is None and free:
            reserved = min(free, key=lambda one: one.in_flight)
            reserved.reserved_by = ticket
        return reserved if reserved is not None and not reserved.in_flight else None


def _is_up(endpoint: Endpoint) -> bool:
    return endpoint.status is EndpointStatus.READY
