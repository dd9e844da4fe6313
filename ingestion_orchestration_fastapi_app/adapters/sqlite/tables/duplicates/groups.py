"""The tables of groups of duplicates."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.filters_sql import (
    condition,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import NEVER, Sql
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.file_rows import marks
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    FoundGroup,
    GroupCounts,
    Member,
    NewGroup,
    SearchRun,
    open_images,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass

# Members of groups that are there, as they were. CROSS: from the groups, which are few.
_THERE = """FROM duplicate_groups g CROSS JOIN duplicate_members m ON m.group_id = g.id
CROSS JOIN catalogue c ON c.collection_id = m.collection_id AND c.point_id = m.point_id
    AND c.sha256 = m.sha256"""
# What is decided about a member: about its content, but about its file among copies.
_DECIDED = f"""LEFT JOIN duplicate_decisions d ON d.collection_id = m.collection_id
    AND d.sha256 = m.sha256 AND d.point_id =
        CASE g.class WHEN '{DuplicateClass.SAME_BYTES}' THEN m.point_id ELSE x'' END"""
_KEPT, _NOT_NEEDED = f"d.decision = '{Decision.KEEP}'", f"d.decision = '{Decision.NOT_NEEDED}'"
_GROUPS = f"""
SELECT g.id AS id, g.class AS class, count(*) AS there, sum(c.size_bytes) AS bytes,
    total({_KEPT}) AS kept, total({_NOT_NEEDED}) AS unneeded {_THERE} {_DECIDED}
WHERE {{which}} AND {{seen}} GROUP BY g.id HAVING there >= 2 {{having}} ORDER BY g.id LIMIT ?
"""  # constants
_IS_OPEN = "there - unneeded >= 2 AND there > kept + unneeded"
# Groups with a content about which somebody has decided. CROSS: from the decisions, which are few.
_TOUCHED = """
SELECT t.group_id FROM duplicate_decisions o CROSS JOIN duplicate_members t
    ON t.collection_id = o.collection_id AND t.sha256 = o.sha256 WHERE o.collection_id = ?
"""
_COUNTS = f"""
SELECT class, count(*), sum(there), 0, 0 FROM (
    SELECT g.class AS class, count(*) AS there {_THERE}
    WHERE g.run_id = ? AND g.id NOT IN ({_TOUCHED}) AND {{seen}} GROUP BY g.id HAVING there >= 2)
GROUP BY class
"""  # noqa: S608  # constants
# `gone`: what is not needed, and is not there any more.
_COUNTS_OF_TOUCHED = f"""
SELECT class, total(there >= 2), total(iif(there >= 2, there, 0)),
    total(there >= 2 AND NOT ({_IS_OPEN})), total(there < 2 AND there + gone >= 2)
FROM (
    SELECT g.class AS class, count(c.id) AS there, total(c.id IS NOT NULL AND {_KEPT}) AS kept,
        total(c.id IS NOT NULL AND {_NOT_NEEDED}) AS unneeded,
        total(c.id IS NULL AND {_NOT_NEEDED}) AS gone
    FROM (SELECT DISTINCT group_id AS id FROM ({_TOUCHED})) w
    CROSS JOIN duplicate_groups g ON g.id = w.id AND g.run_id = ?
    CROSS JOIN duplicate_members m ON m.group_id = g.id
    LEFT JOIN catalogue c ON c.collection_id = m.collection_id AND c.point_id = m.point_id
        AND c.sha256 = m.sha256 AND {{seen}}
    {_DECIDED} GROUP BY g.id)
GROUP BY class
"""  # noqa: S608  # constants
_DISMISSED = "SELECT class, 0, 0, 0, count(*) FROM dismissed_groups WHERE run_id = ? GROUP BY class"
_MEMBERS = f"""
SELECT m.point_id, m.sha256, d.decision {_THERE} {_DECIDED}
WHERE g.id = ? AND {{seen}} ORDER BY m.place LIMIT ? OFFSET ?
"""  # constants
_ALL = -1
_OF_IMAGE = """
SELECT g.id FROM duplicate_members m
JOIN catalogue c ON c.collection_id = m.collection_id AND c.point_id = m.point_id
    AND c.sha256 = m.sha256
JOIN duplicate_groups g ON g.id = m.group_id
JOIN duplicate_runs r ON r.id = g.run_id AND r.state = 'shown'
WHERE m.collection_id = ? AND m.point_id = ? ORDER BY g.id
"""
_SHOWN = "SELECT id FROM duplicate_runs WHERE collection_id = ? AND state = 'shown'"
# Where a job ended in another way than by publishing it, nobody goes on with its run.
_ABANDON = f"""
UPDATE duplicate_runs SET state = 'replaced' WHERE collection_id = ? AND state = 'filling'
AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = duplicate_runs.job_id
    AND j.state NOT IN ({marks(len(FINAL))}))
"""  # noqa: S608  # marks only

# Groups that were dismissed go as the others of their run do.
_WITH_DISMISSED = (
    "INSERT INTO duplicate_groups (id, collection_id, run_id, class) SELECT group_id,"
    " collection_id, run_id, class FROM dismissed_groups WHERE run_id IN ({runs})",
    "DELETE FROM dismissed_groups WHERE run_id IN ({runs})",
)


class DuplicateGroupsTable(Repository):
    """Implements `DuplicateGroupRepository`."""

    @writes
    def begin(
        self, db: sqlite3.Connection, collection_id: int, job_id: str, *, images: int
    ) -> int | None:
        collection_rows.check_there(db, collection_id)
        query = "SELECT 1 FROM duplicate_runs WHERE job_id = ? AND state = 'shown'"
        if db.execute(query, (job_id,)).fetchone():
            return None
        db.execute(
            "UPDATE duplicate_runs SET state = 'replaced' WHERE job_id = ? AND state = 'filling'",
            (job_id,),
        )
        made = db.execute(
            "INSERT INTO duplicate_runs (collection_id, job_id, images, state, found_at)"
            " VALUES (?, ?, ?, 'filling', ?)",
            (collection_id, job_id, images, self.database.clock().isoformat()),
        ).lastrowid
        assert made is not None
        return made

    @writes
    def add(self, db: sqlite3.Connection, run_id: int, groups: Sequence[NewGroup]) -> None:
        row: Row | None = db.execute(
            "SELECT collection_id FROM duplicate_runs WHERE id = ?", (run_id,)
        ).fetchone()
        if row is None:  # with its collection
            return
        for group in groups:
            made = db.execute(
                "INSERT INTO duplicate_groups (collection_id, run_id, class) VALUES (?, ?, ?)",
                (row[0], run_id, group.kind.value),
            ).lastrowid
            db.executemany(
                "INSERT INTO duplicate_members (group_id, place, collection_id, point_id, sha256)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (made, place, row[0], one.point_id.bytes, one.sha256)
                    for place, one in enumerate(group.members)
                ],
            )

    @writes
    def publish(self, db: sqlite3.Connection, run_id: int) -> None:
        db.execute(
            "UPDATE duplicate_runs SET state = 'replaced' WHERE state = 'shown' AND id <> ?1"
            " AND collection_id = (SELECT collection_id FROM duplicate_runs WHERE id = ?1)",
            (run_id,),
        )
        now = self.database.clock().isoformat()
        query = "UPDATE duplicate_runs SET state = 'shown', found_at = ? WHERE id = ?"
        db.execute(query + " AND state = 'filling'", (now, run_id))

    @writes
    def drop_replaced(self, db: sqlite3.Connection, collection_id: int, *, limit: int) -> bool:
        db.execute(_ABANDON, (collection_id, *FINAL))
        replaced = "SELECT id FROM duplicate_runs WHERE collection_id = ? AND state = 'replaced'"
        for query in _WITH_DISMISSED:
            db.execute(query.format(runs=replaced), (collection_id,))
        query = f"SELECT id FROM duplicate_groups WHERE run_id IN ({replaced}) LIMIT ?"  # noqa: S608  # constants
        groups = db.execute(query, (collection_id, limit)).fetchall()
        db.executemany("DELETE FROM duplicate_members WHERE group_id = ?", groups)
        db.executemany("DELETE FROM duplicate_groups WHERE id = ?", groups)
        if len(groups) == limit:
            return True
        db.execute(f"DELETE FROM duplicate_runs WHERE id IN ({replaced})", (collection_id,))  # noqa: S608  # constants
        return False

    @reads
    def shown(self, db: sqlite3.Connection, collection_id: int) -> SearchRun | None:
        query = (
            "SELECT id, job_id, images, found_at FROM duplicate_runs"
            " WHERE collection_id = ? AND state = 'shown'"
        )
        row: Row | None = db.execute(query, (collection_id,)).fetchone()
        if row is None:
            return None
        number, job_id, images, found_at = row
        return SearchRun(number, job_id, images, datetime.fromisoformat(found_at))

    @reads
    def counts(self, db: sqlite3.Connection, run_id: int, seen: Filters) -> GroupCounts:
        matching = _seen(db, "duplicate_runs", run_id, seen)
        of = _collection_of(db, "duplicate_runs", run_id)
        query = _COUNTS.format(seen=matching.text)
        rows = db.execute(query, (run_id, of, *matching.given)).fetchall()
        query = _COUNTS_OF_TOUCHED.format(seen=matching.text)
        rows += db.execute(query, (of, run_id, *matching.given)).fetchall()
        rows += db.execute(_DISMISSED, (run_id,)).fetchall()
        groups, images, decided, over = (Counter[DuplicateClass]() for _ in range(4))
        for name, *counted in rows:
            for counter, number in zip((groups, images, decided, over), counted, strict=True):
                counter[DuplicateClass(name)] += int(number)
        return GroupCounts(*(dict(+counter) for counter in (groups, images, decided, over)))

    @reads
    def page(
        self,
        db: sqlite3.Connection,
        run_id: int,
        seen: Filters,
        *,
        kinds: Collection[DuplicateClass],
        after: int,
        limit: int,
        members: int,
        decided: bool | None = None,
    ) -> list[FoundGroup]:
        matching = _seen(db, "duplicate_runs", run_id, seen)
        which = f"g.run_id = ? AND g.id > ? AND g.class IN ({marks(len(kinds))})"
        given: list[object] = [run_id, after, *(one.value for one in kinds)]
        having = "" if decided is None else f"AND {'NOT ' if decided else ''}({_IS_OPEN})"
        if decided:  # of a large search few are: they are looked up from what is
            which += f" AND g.id IN ({_TOUCHED})"
            given.append(_collection_of(db, "duplicate_runs", run_id))
        given += [*matching.given, limit]
        query = _GROUPS.format(which=which, seen=matching.text, having=having)
        return [
            _found(row, _members(db, row[0], matching, offset=0, limit=members))
            for row in db.execute(query, given).fetchall()
        ]

    @reads
    def find(
        self, db: sqlite3.Connection, collection_id: int, group_id: int, seen: Filters
    ) -> FoundGroup | None:
        matching = condition(db, collection_id, seen)
        query = _GROUPS.format(
            which=f"g.id = ? AND g.run_id IN ({_SHOWN})", seen=matching.text, having=""
        )
        given = (group_id, collection_id, *matching.given, _ALL)
        row: Row | None = db.execute(query, given).fetchone()
        return None if row is None else _found(row, [])

    @reads
    def of_image(self, db: sqlite3.Connection, collection_id: int, point_id: UUID) -> list[int]:
        rows = db.execute(_OF_IMAGE, (collection_id, point_id.bytes))
        return [row[0] for row in rows]

    @reads
    def members(
        self, db: sqlite3.Connection, group_id: int, seen: Filters, *, offset: int, limit: int
    ) -> list[Member]:
        matching = _seen(db, "duplicate_groups", group_id, seen)
        return _members(db, group_id, matching, offset=offset, limit=limit)


def _seen(
    db: sqlite3.Connection,
    table: Literal["duplicate_runs", "duplicate_groups"],
    number: int,
    seen: Filters,
) -> Sql:
    """On rows `c` of the catalogue, for the collection of that row; of none where it went."""
    collection_id = _collection_of(db, table, number)
    return NEVER if collection_id is None else condition(db, collection_id, seen)


def _collection_of(
    db: sqlite3.Connection, table: Literal["duplicate_runs", "duplicate_groups"], number: int
) -> int | None:
    query = f"SELECT collection_id FROM {table} WHERE id = ?"  # noqa: S608  # constants
    row: Row | None = db.execute(query, (number,)).fetchone()
    return None if row is None else int(row[0])


def _members(
    db: sqlite3.Connection, group_id: int, matching: Sql, *, offset: int, limit: int
) -> list[Member]:
    query = _MEMBERS.format(seen=matching.text)
    rows = db.execute(query, (group_id, *matching.given, limit, offset))
    return [
        Member(UUID(bytes=point), sha256, Decision(decision or Decision.UNDECIDED))
        for point, sha256, decision in rows
    ]


def _found(row: Row, members: Sequence[Member]) -> FoundGroup:
    number, name, count, bytes_in_all, kept, not_needed = row
    undecided = open_images(count, kept=int(kept), not_needed=int(not_needed))
    return FoundGroup(number, DuplicateClass(name), count, bytes_in_all, undecided, members)
