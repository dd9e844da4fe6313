"""Which names a service answers to: what keeps foreign pages out that resolve to this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from utils.problems import HostNotAllowed
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\]+)(:(?P<port>\d{0,5}))?")
_NAME_RULE = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Authority:
    """What stands in `Host`. `name` is in lower case, without brackets and a final dot."""

    name: str
    port: int | None

    @staticmethod
    def parsed(text: str) -> Authority | None:
        """None where it is none."""
        match = _AUTHORITY.fullmatch(text.strip(" \t"))  # not every parser takes them off
        if match is None:
            return None
        port = match["port"]
        return Authority(_tidy(match["name"]), int(port) if port else None)


def _tidy(name: str) -> str:
    return name.strip("[]").lower().removesuffix(".")


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """Of a host's name or address: whether it means this machine, for every resolver."""
    name = _tidy(name)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def host_rules(text: str) -> tuple[str, ...]:
    """The setting ALLOWED_HOSTS: names or addresses after commas, `*.name` for all below one.

    Raises ValueError.
    """
    rules = tuple(_tidy(part.strip()) for part in text.split(",") if part.strip())
    for rule in rules:
        if not (_NAME_RULE.fullmatch(rule) or _is_address(rule)):
            raise ValueError(f"{rule!r} is no host's name or address (without scheme and port)")
    return rules


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def binding_fault(host: str, *, setting: str, has_key: bool, allow_no_key: bool) -> str | None:
    """Why a service must not listen on `host`, in one line for its operator; None where it may."""
    if has_key or allow_no_key or is_loopback(host):
        return None
    return (
        f"{setting}={host} lets other machines in, and no API_KEY is set: set one, listen on "
        "127.0.0.1, or say ALLOW_NO_KEY=1 where the network itself keeps strangers out."
    )


class AllowedHosts:
    """Loopback names and the `rules`; every name where there are no rules and `has_key`."""

    def __init__(self, rules: tuple[str, ...], *, has_key: bool) -> None:
        self._any = has_key and not rules
        self._names = frozenset(rule for rule in rules if not rule.startswith("*."))
        self._suffixes = tuple(rule[1:] for rule in rules if rule.startswith("*."))

    def include(self, host: Authority) -> bool:
        return (
            self._any
            or is_loopback(host.name)
            or host.name in self._names
            or host.name.endswith(self._suffixes)
        )

    def fault(self, headers: Headers) -> str | None:
        """Why a request is not for this service, in words; None where it is."""
        given = headers.getlist("Host")
        if len(given) != 1:
            return None if self._any and not given else "The request needs one Host header."
        host = Authority.parsed(given[0])
        if host is None:
            return f"{given[0][:255]!r} is no Host."
        if self.include(host):
            return None
        return (
            f"This service does not answer as {host.name[:255]!r}. If that is its name, add it to "
            "the setting ALLOWED_HOSTS."
        )


class HostCheck:
    """ASGI middleware: 421 for a Host that is not this service's. Health answers every Host."""

    def __init__(self, app: ASGIApp, *, hosts: AllowedHosts, drain: DrainBounds) -> None:
        self._app = app
        self._hosts = hosts
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http" and not get_route_path(scope).startswith("/health/"):
            fault = self._hosts.fault(Headers(scope=scope))
        if fault is None:
            await self._app(scope, receive, send)
            return
        response = problem_response(HostNotAllowed(fault), request_id_of(scope), drain=self._drain)
        await response(scope, receive, send)
