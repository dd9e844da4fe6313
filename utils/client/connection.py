"""Requests and their answers: types, errors, and asking again where the service is busy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import anyio
import httpx
from pydantic import ValidationError

from utils.client.errors import ApiError, BusyError, NotAnsweringError, UnreachableError, error_of
from utils.contract import API_PREFIX, LOCAL_SECRET_HEADER, ProblemBody, Reply, Wire

Answer = TypeVar("Answer", bound=Reply)
Parameter = str | int | float | bool | Enum | Sequence[str] | None
Files = Sequence[tuple[str, tuple[str, bytes | BinaryIO]]]  # field, and name and content
_SHORTEST_WAIT_S = 0.1
_LONGEST_WAIT_S = 30.0


class Connection:
    """One orchestrator. `retries`: how often a call is asked again that the service was too busy
    for (429 and 503: nothing of it was begun), each time after as long as it says. `local_secret`:
    from the service's DATA_DIR, by which it knows the user that runs it.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8002",
        *,
        api_key: str | None = None,
        local_secret: str | None = None,
        timeout_s: float = 60.0,
        retries: int = 5,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        headers = {"X-API-Key": api_key, LOCAL_SECRET_HEADER: local_secret}
        self._retries = retries
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            base_url=self._url,
            headers=[(name.encode(), text.encode()) for name, text in headers.items() if text],
            timeout=httpx.Timeout(timeout_s, connect=5.0),
            trust_env=False,  # a proxy for the internet is none for the loopback
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def ask(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        body: Wire | None = None,
        files: Files | None = None,
        data: Mapping[str, Parameter] | None = None,
        **parameters: Parameter,
    ) -> Answer:
        """Raises PhotoseekError, as all of these do. Parameters that are None are not sent."""
        response = await self._sent(
            method, path, body=body, files=files, data=data, parameters=parameters
        )
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as exc:
            raise self._foreign(response) from exc

    async def done(self, method: str, path: str, **parameters: Parameter) -> None:
        """A call that answers with nothing."""
        await self._sent(method, path, parameters=parameters)

    async def content(self, path: str, **parameters: Parameter) -> bytes:
        """All of a picture, in memory."""
        return (await self._sent("GET", path, parameters=parameters)).content

    @asynccontextmanager
    async def streamed(
        self, method: str, path: str, *, body: Wire | None = None, **parameters: Parameter
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is read as it comes; it may take as long as it will."""
        request = self._request(method, path, body=body, parameters=parameters, endless=True)
        response = await self._send(request, stream=True)
        try:
            if not response.is_success:
                await response.aread()
                raise self._error(response)
            yield response
        finally:
            await response.aclose()

    async def _sent(
        self,
        method: str,
        path: str,
        *,
        body: Wire | None = None,
        files: Files | None = None,
        data: Mapping[str, Parameter] | None = None,
        parameters: Mapping[str, Parameter],
    ) -> httpx.Response:
        for left in range(self._retries, -1, -1):
            for _, (_, content) in files or ():
                if not isinstance(content, bytes):
                    content.seek(0)  # it was read by the try before
            request = self._request(
                method, path, body=body, files=files, data=data, parameters=parameters
            )
            response = await self._send(request)
            if response.is_success:
                return response
            error = self._error(response)
            if not isinstance(error, BusyError) or not left:
                raise error
            asked_s = error.retry_after_s or 1.0
            await self._sleep(min(max(asked_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: Wire | None = None,
        files: Files | None = None,
        data: Mapping[str, Parameter] | None = None,
        parameters: Mapping[str, Parameter],
        endless: bool = False,
    ) -> httpx.Request:
        # What was not given is not sent: null takes back what is said, left out it stays.
        content = None if body is None else body.model_dump_json(by_alias=True, exclude_unset=True)
        whole = path if path.startswith("/health/") else f"{API_PREFIX}{path}"
        return self._http.build_request(
            method,
            whole,
            params=_written(parameters),
            content=content,
            headers={} if body is None else {"Content-Type": "application/json"},
            files=files,
            data=_written(data) if data else None,
            timeout=httpx.Timeout(None, connect=5.0) if endless else httpx.USE_CLIENT_DEFAULT,
        )

    async def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            return await self._http.send(request, stream=stream)
        except httpx.ConnectError as exc:
            raise UnreachableError(f"Nobody answers at {self._url}.") from exc
        except httpx.TimeoutException as exc:
            raise NotAnsweringError(
                f"{self._url} does not answer in time; look at its log."
            ) from exc
        except httpx.HTTPError as exc:
            raise NotAnsweringError(
                f"The call to {self._url} failed: {str(exc) or type(exc).__name__}"
            ) from exc

    def _error(self, response: httpx.Response) -> ApiError:
        try:
            problem = ProblemBody.model_validate_json(response.content)
        except ValidationError as exc:
            raise self._foreign(response) from exc
        written = response.headers.get("Retry-After", "")
        wait_s = float(written) if written.isdecimal() else None
        if problem.retry_after_ms is not None:
            wait_s = problem.retry_after_ms / 1000
        return error_of(problem, retry_after_s=wait_s)

    def _foreign(self, response: httpx.Response) -> NotAnsweringError:
        return NotAnsweringError(
            f"{response.request.url} answered HTTP {response.status_code} with something that is "
            "no answer of the orchestrator: is that where it runs?"
        )


def _written(parameters: Mapping[str, Parameter]) -> dict[str, str | list[str]]:
    written: dict[str, str | list[str]] = {}
    for argument, value in parameters.items():
        name = argument.rstrip("_")  # `path` is an argument of these calls themselves
        if value is None:
            continue
        if isinstance(value, bool):
            written[name] = "true" if value else "false"
        elif isinstance(value, Enum):
            written[name] = str(value.value)
        elif isinstance(value, str | int | float):
            written[name] = str(value)
        else:
            written[name] = list(value)
    return written
