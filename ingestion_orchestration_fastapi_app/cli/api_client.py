"""The orchestrator as the command line calls it: the typed client, with errors for people."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import PurePath

import httpx

from ingestion_orchestration_fastapi_app.cli.program import called
from utils.client import ApiError, PhotoseekClient, PhotoseekError, UnreachableError
from utils.client.connection import Answer, Files, Parameter
from utils.contract import ErrorCode, Wire


class ApiProblem(Exception):
    """The orchestrator said no, or did not answer. `code` is None where it could not say one."""

    def __init__(self, detail: str, *, code: ErrorCode | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.code else self.detail


class OrchestratorApi(PhotoseekClient):
    """Calls raise ApiProblem; who waits at a terminal hears at once that
    a service is busy.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        local_secret: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(
            url, api_key=api_key, local_secret=local_secret, retries=0, transport=transport
        )
        self.is_same_user = local_secret is not None

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
        with _as_problems():
            return await super().ask(
                method, path, answer, body=body, files=files, data=data, **parameters
            )

    async def done(self, method: str, path: str, **parameters: Parameter) -> None:
        with _as_problems():
            await super().done(method, path, **parameters)

    @asynccontextmanager
    async def streamed(
        self, method: str, path: str, *, body: Wire | None = None, **parameters: Parameter
    ) -> AsyncIterator[httpx.Response]:
        with _as_problems():
            async with super().streamed(method, path, body=body, **parameters) as response:
                yield response

    async def ensure_collection(self, name: str) -> None:
        """Creates it, or is content that it exists."""
        try:
            await self.create_collection(name)
        except ApiProblem as problem:
            if problem.code is not ErrorCode.COLLECTION_EXISTS:
                raise

    async def remember_root(self, path: str) -> None:
        """Allows the folder from now on, if this is the user who runs the service.

        Nothing is remembered that is allowed in whichever folder the service is started.
        """
        if not self.is_same_user:
            return
        kept = [root.path for root in (await self.list_roots()).roots if root.source != "default"]
        kept.append(_home())
        if not any(PurePath(path).is_relative_to(root) for root in kept):
            await self.add_root(path)


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except UnreachableError as exc:
        raise ApiProblem(
            f"{exc} Start the services with `{called('up')}`, or say "
            "where they run: --url, or ORCHESTRATOR_HOST and ORCHESTRATOR_PORT."
        ) from exc
    except ApiError as exc:
        detail = exc.detail
        if exc.code is ErrorCode.UNAUTHORIZED:
            detail += " Set API_KEY to the key that the service was started with."
        raise ApiProblem(detail, code=exc.code) from exc
    except PhotoseekError as exc:
        raise ApiProblem(str(exc)) from exc


def _home() -> str:
    return os.path.realpath(os.path.expanduser("~"))
