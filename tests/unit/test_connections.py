"""Which connections are closed, and when: by a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from utils.problems import Problem
from utils.web.serving.connections import ConnectionLimits, Connections
from utils.web.serving.descriptors import connection_limit


@dataclass(eq=False)
class Fake:
    said: list[int] = field(default_factory=list)
    is_closed: bool = False
    is_paused: bool = False
    unsent: int = 0

    def refuse(self, problem: Problem) -> None:
        self.said.append(problem.status)

    def close(self) -> None:
        self.is_closed = True

    def unsent_bytes(self) -> int:
        return self.unsent


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(all_of_them: Connections, count: int) -> list[Fake]:
    made = [Fake() for _ in range(count)]
    for one in made:
        all_of_them.opened(one)
    return made


def time_passes(connections: Connections, clock: Clock, seconds: int) -> None:
    """With a look each second, as the server's loop has it."""
    for _ in range(seconds):
        clock.now_s += 1
        connections.close_overdue()


def test_one_that_never_asked_goes_before_one_that_is_kept_for_the_next_call(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(max_connections=3), clock)
    kept, first, second = opened(connections, 3)
    connections.idles(kept)
    clock.now_s += 2
    opened(connections, 2)
    assert [one.is_closed for one in (kept, first, second)] == [False, True, True]
    opened(connections, 1)
    assert kept.is_closed, "who is new has a moment to ask"
    assert len(connections) == 3


def test_the_one_that_idles_longest_is_closed_first(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(max_connections=2), clock)
    first, second = opened(connections, 2)
    for one in (second, first):
        connections.idles(one)
    opened(connections, 1)
    assert (first.is_closed, second.is_closed) == (False, True)


def test_one_that_dribbles_its_head_goes_before_one_that_rests(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(max_connections=2), clock)
    resting, dribbling = opened(connections, 2)
    connections.head_began(dribbling)
    clock.now_s += 2
    opened(connections, 1)
    assert (resting.is_closed, dribbling.is_closed) == (False, True)


def test_none_is_closed_while_it_is_answered(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(max_connections=2), clock)
    working = opened(connections, 2)
    for one in working:
        connections.answering(one)
    (refused,) = opened(connections, 1)
    assert refused.said == [503]
    assert not any(one.is_closed for one in working)
    many = opened(connections, 1000)
    assert len(connections) < 100, "those that are told so are bounded, too"
    assert many[-1].is_closed


def test_each_state_has_its_time(clock: Clock) -> None:
    limits = ConnectionLimits(idle_s=75, head_s=15, rest_s=10)
    connections = Connections(limits, clock)
    idle, head, paused, rest, working = opened(connections, 5)
    connections.head_began(head)
    connections.head_began(paused)
    paused.is_paused = True
    connections.answered_early(rest)
    connections.answering(working)
    time_passes(connections, clock, 16)
    assert (head.said, paused.said, rest.is_closed, idle.is_closed) == ([408], [], True, False)
    time_passes(connections, clock, 60)
    assert idle.is_closed
    assert not working.is_closed


def test_none_is_closed_for_the_time_in_which_the_service_stood_still(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(idle_s=75, head_s=15, rest_s=10), clock)
    idle, head, rest = opened(connections, 3)
    connections.head_began(head)
    connections.answered_early(rest)
    clock.now_s += 600
    connections.close_overdue()
    time_passes(connections, clock, 5)
    assert (idle.is_closed, head.said, rest.is_closed) == (False, [], False)
    time_passes(connections, clock, 8)
    assert (idle.is_closed, head.said, rest.is_closed) == (False, [408], True)


def test_a_slow_reader_stays_and_one_that_reads_nothing_goes(clock: Clock) -> None:
    connections = Connections(ConnectionLimits(unread_s=60, unread_bytes=1000), clock)
    slow, gone = opened(connections, 2)
    for one in (slow, gone):
        connections.answering(one)
        one.unsent = 100_000
        connections.unread(one)
    for _ in range(5):
        slow.unsent -= 5000
        gone.unsent -= 10
        time_passes(connections, clock, 61)
    assert (slow.is_closed, gone.is_closed) == (False, True)


@pytest.mark.parametrize(
    ("wanted", "descriptors", "most"),
    [(1024, 65_536, 1024), (1024, 1024, 768), (1024, 256, 128), (60_000, 4096, 3072)],
)
def test_descriptors_are_left_for_files(wanted: int, descriptors: int, most: int) -> None:
    assert connection_limit(wanted, descriptors) == most
