"""Sessions of browsers: what a login makes, what a cookie is worth, what ends it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from starlette.requests import HTTPConnection

from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.ports.ledger.access import SessionRepository
from utils.web.access.security import Principal, Scope

LIFE = timedelta(days=30)
REMEMBERED = 256  # sessions whose row is not read at each request
TOKEN_BYTES = 32


class Sessions:
    """Issues and finds them. A hash is made under the API key: another key knows none of them."""

    def __init__(self, repository: SessionRepository, api_key: SecretStr) -> None:
        self._repository = repository
        self._key = api_key.get_secret_value().encode()
        # The ledger is this process's alone, so that nothing else ends what is remembered here.
        self._found: OrderedDict[bytes, SessionRecord] = OrderedDict()
        self._ends = 0

    def is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._key)

    async def issue(self) -> tuple[str, SessionRecord]:
        """The cookie's value, which is kept nowhere, and what is."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = datetime.now(UTC)
        session = SessionRecord(self._hash(token), tuple(sorted(Scope)), now, now + LIFE)
        await self._repository.add(session)
        return token, session

    async def find(self, token: str) -> SessionRecord | None:
        if not token.isascii() or len(token) > 4 * TOKEN_BYTES:
            return None
        token_hash = self._hash(token)
        ends = self._ends
        session = self._found.get(token_hash) or await self._repository.find(token_hash)
        if session is None or session.expires_at <= datetime.now(UTC):
            self._found.pop(token_hash, None)
            return None
        if ends != self._ends:
            return session  # it may have been ended since it was read: not to be remembered
        self._found[token_hash] = session
        self._found.move_to_end(token_hash)
        while len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return session

    async def end(self, token: str) -> None:
        token_hash = self._hash(token)
        await self._repository.end(token_hash)
        self._ends += 1
        self._found.pop(token_hash, None)

    def _hash(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(), hashlib.sha256)


class SessionCookie:
    """Credential checker: the session whose cookie a browser sent."""

    is_ambient = True

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        token = connection.cookies.get(self.name)
        if not token:
            return None
        sessions: Sessions | None = connection.app.state.services.sessions
        session = await sessions.find(token) if sessions else None
        if session is None:
            return None
        connection.state.session = session
        return Principal("session", frozenset(map(Scope, session.scopes)))
