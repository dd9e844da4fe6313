"""How often one address may try keys: a few at once, then one every few seconds."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

_DIGITS = 6  # of seconds: what is below comes of rounding, and would exceed the longest wait


class Attempts:
    """Wrong attempts by address, as buckets that refill; addresses beyond a bound are forgotten.

    Nothing here concerns callers who show a key or a session: only logins are counted.
    """

    def __init__(
        self, *, at_once: int = 10, refill_s: float = 6.0, max_addresses: int = 1024
    ) -> None:
        self._at_once = at_once
        self._refill_s = refill_s
        self._max_addresses = max_addresses
        self._full_at_s: OrderedDict[str, float] = OrderedDict()  # the oldest attempt first

    def wait_s(self, address: str, now_s: float) -> float:
        """Until this address may try again; 0 where it may now."""
        full_at_s = self._full_at_s.get(_group(address), now_s)
        wait_s = full_at_s - now_s - (self._at_once - 1) * self._refill_s
        return max(0.0, round(wait_s, _DIGITS))

    def count(self, address: str, now_s: float) -> None:
        """One more attempt, before it is known whether it is right."""
        group = _group(address)
        full_at_s = self._full_at_s.pop(group, now_s)
        self._full_at_s[group] = max(full_at_s, now_s) + self._refill_s
        while len(self._full_at_s) > self._max_addresses:
            self._full_at_s.popitem(last=False)

    def forgive(self, address: str) -> None:
        """It was right: what came before does not count any more."""
        self._full_at_s.pop(_group(address), None)


def _group(address: str) -> str:
    """One customer's addresses are one: of IPv6 the network that a household is given."""
    try:
        known = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(ip_network((known, 64), strict=False))
    return str(known)
