"""Changes are made by this service's own pages and by programs, never by other sites' pages."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from utils.problems import CrossSite
from utils.web.access.hosts import AllowedHosts, Authority
from utils.web.problem_responses import DrainBounds, problem_response, request_id_of

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORT = {"http": 80, "https": 443}


class CrossSiteCheck:
    """ASGI middleware, inside Authentication: 403 for a change that another site asks for.

    `Origin`, if sent, must be this host and port; else `Sec-Fetch-Site`, if sent, `same-origin` or
    `none`; with neither, which no browser of today does, a credential that browsers add by
    themselves is not enough.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: AllowedHosts,
        trusted_origins: frozenset[str],
        drain: DrainBounds,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._trusted_origins = trusted_origins
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http" and scope["method"] not in _CHANGES_NOTHING:
            fault = self._fault(scope)
        if fault is None:
            await self._app(scope, receive, send)
            return
        response = problem_response(CrossSite(fault), request_id_of(scope), drain=self._drain)
        await response(scope, receive, send)

    def _fault(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        origins = headers.getlist("Origin")
        if origins:
            if len(origins) == 1 and (
                origins[0] in self._trusted_origins or self._is_own(origins[0], scope)
            ):
                return None
            return (
                f"A page of {origins[0][:255]!r} asked for this change of "
                f"{headers.get('Host', '')[:255]!r}, which is another site. A reverse proxy must "
                "pass on the Host that the browser sent, with its port."
            )
        relations = headers.getlist("Sec-Fetch-Site")
        if relations:
            if all(one in ("same-origin", "none") for one in relations):
                return None
            return "The page of another site asked for this change."
        if scope["state"].get("credential_is_ambient", False):
            return "A cookie alone changes nothing: send the API key in X-API-Key."
        return None

    def _is_own(self, origin: str, scope: Scope) -> bool:
        scheme, _, rest = origin.partition("://")
        asking = Authority.parsed(rest)
        headers = Headers(scope=scope)
        if asking is None or scheme not in _DEFAULT_PORT:
            return False
        # A proxy may end TLS and not say so: then https is as good as http, but never the reverse.
        if is_https(scope) and scheme != "https":
            return False
        called = [Authority.parsed(one) for one in headers.getlist("Host")]
        # What a proxy says it was called. Pages of other sites cannot send it without asking
        # first, which is refused; those of a name that resolves to the proxy are not allowed.
        forwarded = Authority.parsed(headers.get("X-Forwarded-Host", "").split(",")[0].strip())
        if forwarded is not None and self._hosts.include(forwarded):
            called.append(forwarded)
        port = _DEFAULT_PORT[scheme]
        return any(
            own is not None and (own.name, own.port or port) == (asking.name, asking.port or port)
            for own in called
        )


def is_https(scope: Scope) -> bool:
    """Whether the browser speaks TLS, to this service or to the proxy before it."""
    forwarded = Headers(scope=scope).get("X-Forwarded-Proto", "").split(",")[0].strip().lower()
    return scope["scheme"] == "https" or forwarded == "https"
