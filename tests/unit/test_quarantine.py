"""Who is condemned for the death of a process: exactly the file that was alone at two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.files.quarantine import (
    ALONE_DEATHS,
    DecodeStart,
    Turn,
    turn,
    version_of,
)

STAT = FileStat(size_bytes=10, mtime_ns=20, ctime_ns=30)
FILES = [UUID(int=number) for number in range(8)]
GROUP = 3


@dataclass
class World:
    """Lives of a process over the same files: each file is survived, or the process dies."""

    deadly: frozenset[UUID]
    lost: dict[UUID, DecodeStart] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)
    condemned: set[UUID] = field(default_factory=set)
    deaths: dict[UUID, list[Turn]] = field(default_factory=dict)

    def life(self, killed_after: int | None) -> bool:
        """False: it died, of a file, or killed from outside in the n-th group of its work."""
        groups = 0
        for start in range(0, len(FILES), GROUP):
            met = [one for one in FILES[start : start + GROUP] if one not in self.done]
            turns = {one: turn(STAT, self.lost.get(one)) for one in met}
            self.condemned |= {one for one in met if turns[one] is Turn.NEVER}
            self.done |= self.condemned
            singles = [[one] for one in met if turns[one] is Turn.ALONE]
            for group in [[one for one in met if turns[one] is Turn.TOGETHER], *singles]:
                for one in group:
                    before = self.lost[one].alone if one in self.lost else 0
                    alone = before + 1 if turns[one] is Turn.ALONE else 0
                    self.lost[one] = DecodeStart(one, version_of(STAT), alone)
                if self.deadly.intersection(group) or (group and groups == killed_after):
                    for one in group:
                        self.deaths.setdefault(one, []).append(turns[one])
                    return False
                groups += bool(group)
                self.done.update(group)
                for one in group:
                    del self.lost[one]
        return True


@given(
    deadly=st.frozensets(st.sampled_from(FILES), max_size=3),
    kills=st.lists(st.integers(0, 9), max_size=6),
)
def test_two_deaths_alone_condemn_and_nothing_else_does(
    deadly: frozenset[UUID], kills: list[int]
) -> None:
    world = World(deadly)
    for killed_after in kills:
        world.life(killed_after)
    while not world.life(None):
        pass
    assert world.condemned == {
        one
        for one, turns in world.deaths.items()
        if turns == [Turn.TOGETHER, Turn.ALONE, Turn.ALONE]
    }
    assert world.condemned >= deadly
    assert all(len(turns) <= 3 for turns in world.deaths.values())
    assert len(world.condemned - deadly) <= len(kills) // 2, "one at most for two kills"


@given(deadly=st.sampled_from(FILES))
def test_one_poison_ends_three_processes_and_no_fourth(deadly: UUID) -> None:
    world = World(frozenset({deadly}))
    assert [world.life(None) for _ in range(4)] == [False, False, False, True]
    assert world.condemned == {deadly}
    assert world.done == set(FILES)


def test_other_bytes_in_the_place_of_a_suspect_are_under_no_suspicion() -> None:
    for alone in range(ALONE_DEATHS + 1):
        lost = DecodeStart(FILES[0], version_of(STAT), alone)
        assert turn(STAT, lost) is (Turn.NEVER if alone == ALONE_DEATHS else Turn.ALONE)
        for changed in (FileStat(11, 20, 30), FileStat(10, 21, 30)):
            assert turn(changed, lost) is Turn.TOGETHER
