"""Logging in and out: for browsers, which cannot send a key with a picture or a link."""

from __future__ import annotations

import structlog
from anyio import current_time
from fastapi import APIRouter, Request, Response

from ingestion_orchestration_fastapi_app.api.admin.sessions import LIFE
from ingestion_orchestration_fastapi_app.api.app_state import AppStateDep
from ingestion_orchestration_fastapi_app.api.security import Reader, cookie_name
from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.errors import TooManyAttempts
from utils.contract import API_PREFIX, SessionReply, SessionRequest
from utils.problems import Unauthorized, ValidationProblem
from utils.web.access.cross_site import is_https
from utils.web.openapi import problems

log = structlog.get_logger(__name__)

router = APIRouter(prefix=API_PREFIX, tags=["session"])

SESSION_PATH = f"{API_PREFIX}/session"


@router.post(
    "/session",
    status_code=201,
    summary="Log in",
    responses=problems(Unauthorized, TooManyAttempts),
)
async def log_in(
    body: SessionRequest, request: Request, response: Response, services: AppStateDep
) -> SessionReply:
    """Gives the key's scopes to a cookie, for 30 days. Few wrong keys may be tried in a row."""
    sessions = services.sessions
    if sessions is None:
        raise ValidationProblem("No API_KEY is set, so that nothing needs a session.")
    address = request.client.host if request.client else ""
    wait_s = services.attempts.wait_s(address, current_time())
    if wait_s > 0:
        raise TooManyAttempts("Too many wrong keys came from this address.", retry_after_s=wait_s)
    services.attempts.count(address, current_time())
    if not sessions.is_key(body.key.get_secret_value()):
        log.warning("login_refused", address=address)
        raise Unauthorized("This is not the API key.")
    services.attempts.forgive(address)
    token, session = await sessions.issue()
    response.set_cookie(
        cookie_name(services.settings.orchestrator_port),
        token,
        max_age=int(LIFE.total_seconds()),
        path=_cookie_path(request),
        secure=is_https(request.scope),
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    return SessionReply(name="session", scopes=session.scopes, expires_at=session.expires_at)


@router.get("/session", summary="Who am I?")
async def get_session(request: Request, response: Response, caller: Reader) -> SessionReply:
    """Who calls, and what they may do."""
    response.headers["Cache-Control"] = "no-store"
    known: SessionRecord | None = getattr(request.state, "session", None)
    return SessionReply(
        name=caller.name,
        scopes=tuple(sorted(caller.scopes)),
        expires_at=None if known is None else known.expires_at,
    )


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(
    request: Request, response: Response, _caller: Reader, services: AppStateDep
) -> None:
    """Ends the session of the cookie that is sent, everywhere and at once; browsers then forget
    the pictures that they kept (over HTTPS, and on this machine).
    """
    name = cookie_name(services.settings.orchestrator_port)
    token = request.cookies.get(name)
    if services.sessions is not None and token:
        await services.sessions.end(token)
    response.delete_cookie(
        name,
        path=_cookie_path(request),
        secure=is_https(request.scope),
        httponly=True,
        samesite="strict",
    )
    # Pictures lie in the browser's own cache.
    response.headers["Clear-Site-Data"] = '"cache"'


def _cookie_path(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/") or "/"
