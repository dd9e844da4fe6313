"""A set of the ledger's rows that costs a bit for each: five million files take 625 KB."""

from __future__ import annotations

from collections.abc import Iterable


class RowSet:
    """Numbers from 1 upwards, as the ledger gives them to files."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def update(self, rows: Iterable[int]) -> None:
        for row in rows:
            self.add(row)

    def add(self, row: int) -> None:
        byte = row >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1024 - len(self._bits)))
        self._bits[byte] |= 1 << (row & 7)

    def __contains__(self, row: object) -> bool:
        if not isinstance(row, int) or row < 0:
            return False
        byte = row >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (row & 7) & 1)
