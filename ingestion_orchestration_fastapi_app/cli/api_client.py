"""A small client of the orchestrator's REST API, for the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from ingestion_orchestration_fastapi_app.cli.program import called
from utils.contract import (
    API_PREFIX,
    LOCAL_SECRET_HEADER,
    ActivateRequest,
    AllowedRootList,
    AllowedRootRequest,
    CollectionDetail,
    CollectionList,
    CollectionRename,
    CollectionReply,
    CollectionRequest,
    ErrorCode,
    FailurePage,
    GenerationList,
    IngestAccepted,
    IngestRequest,
    JobList,
    JobReply,
    JobReport,
    JobRequestBody,
    OrchestratorCapabilities,
    ProblemBody,
    ReembedRequest,
    Reply,
    RepointRequest,
    SearchReply,
    SearchRequest,
    SearchTextRequest,
    Wire,
)

Answer = TypeVar("Answer", bound=Reply)


class ApiProblem(Exception):
    """The orchestrator said no, or did not answer. `code` is None where it could not say one."""

    def __init__(self, detail: str, *, code: ErrorCode | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.code else self.detail


class OrchestratorApi:
    """Each method is one call; all raise ApiProblem. Use it as an async context manager."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        local_secret: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"X-API-Key": api_key, LOCAL_SECRET_HEADER: local_secret}
        self._url = url
        self.is_same_user = local_secret is not None
        self._client = httpx.AsyncClient(
            base_url=f"{url}{API_PREFIX}",
            headers=[(name.encode(), text.encode()) for name, text in headers.items() if text],
            timeout=httpx.Timeout(60, connect=5),
            trust_env=False,  # a proxy for the internet is none for the loopback
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)

    async def capabilities(self) -> OrchestratorCapabilities:
        return await self._get("/capabilities", OrchestratorCapabilities)

    async def collections(self) -> CollectionList:
        return await self._get("/collections", CollectionList)

    async def collection(self, name: str) -> CollectionDetail:
        return await self._get(_path(name), CollectionDetail)

    async def ensure_collection(self, name: str) -> None:
        """Creates it, or is content that it exists."""
        try:
            await self._post("/collections", CollectionRequest(name=name), CollectionReply)
        except ApiProblem as problem:
            if problem.code is not ErrorCode.COLLECTION_EXISTS:
                raise

    async def ingest(self, request: IngestRequest) -> IngestAccepted:
        return await self._post("/ingest", request, IngestAccepted)

    async def start_job(self, request: JobRequestBody) -> IngestAccepted:
        return await self._post("/jobs", request, IngestAccepted)

    async def report(self, job_id: str) -> JobReport:
        return await self._get(f"/jobs/{job_id}/report", JobReport)

    async def roots(self) -> AllowedRootList:
        return await self._get("/roots", AllowedRootList)

    async def add_root(self, path: str) -> AllowedRootList:
        return await self._post("/roots", AllowedRootRequest(path=path), AllowedRootList)

    async def remove_root(self, path: str) -> AllowedRootList:
        return await self._delete("/roots", path, AllowedRootList)

    async def remember_root(self, path: str) -> None:
        """Allows the folder from now on, if this is the user who runs the service.

        Nothing is remembered that is allowed in whichever folder the service is started.
        """
        if not self.is_same_user:
            return
        kept = [root.path for root in (await self.roots()).roots if root.source != "default"]
        kept.append(_home())
        if not any(PurePath(path).is_relative_to(root) for root in kept):
            await self.add_root(path)

    async def rename_collection(self, old: str, new: str) -> CollectionReply:
        return await self._send("PATCH", _path(old), CollectionRename(name=new), CollectionReply)

    async def generations(self, collection: str) -> GenerationList:
        return await self._get(f"{_path(collection)}/generations", GenerationList)

    async def activate(self, collection: str, generation_id: int, *, force: bool) -> GenerationList:
        path = f"{_path(collection)}/generations/{generation_id}/activate"
        return await self._post(path, ActivateRequest(force=force), GenerationList)

    async def reembed(self, collection: str, request: ReembedRequest) -> IngestAccepted:
        return await self._post(f"{_path(collection)}/reembed", request, IngestAccepted)

    async def repoint(self, collection: str, old: str, new: str) -> CollectionReply:
        body = RepointRequest.model_validate({"from": old, "to": new})
        return await self._post(f"{_path(collection)}/roots/repoint", body, CollectionReply)

    async def forget_root(self, collection: str, path: str) -> CollectionReply:
        return await self._delete(f"{_path(collection)}/roots", path, CollectionReply)

    async def job(self, job_id: str) -> JobReply:
        return await self._get(f"/jobs/{job_id}", JobReply)

    async def jobs(self, *, limit: int, id_prefix: str = "") -> JobList:
        """Newest first; `id_prefix`, of letters and digits: those whose id begins so."""
        begins = f"&id_prefix={id_prefix}" if id_prefix else ""
        return await self._get(f"/jobs?limit={limit}{begins}", JobList)

    async def control(self, job_id: str, action: str) -> JobReply:
        """`action` is pause, resume or cancel."""
        return await self._post(f"/jobs/{job_id}/{action}", None, JobReply)

    async def retry_failed(self, job_id: str) -> IngestAccepted:
        return await self._post(f"/jobs/{job_id}/retry-failed", None, IngestAccepted)

    async def failures(self, job_id: str, *, limit: int, offset: int = 0) -> FailurePage:
        path = f"/jobs/{job_id}/failures?limit={limit}&offset={offset}"
        return await self._get(path, FailurePage)

    async def search_text(self, request: SearchTextRequest) -> SearchReply:
        return await self._post("/search/text", request, SearchReply)

    async def search(self, request: SearchRequest, files: Mapping[str, bytes]) -> SearchReply:
        """`files`: pictures that its examples name."""
        if not files:
            return await self._post("/search", request, SearchReply)
        sent = self._client.build_request(
            "POST",
            "/search/pictures",
            data={"search": request.model_dump_json()},
            files=[("files", (name, data)) for name, data in files.items()],
        )
        return await self._ask(sent, SearchReply)

    async def _get(self, path: str, answer: type[Answer]) -> Answer:
        return await self._ask(self._client.build_request("GET", path), answer)

    async def _delete(self, path: str, root: str, answer: type[Answer]) -> Answer:
        request = self._client.build_request("DELETE", path, params={"path": root})
        return await self._ask(request, answer)

    async def _post(self, path: str, body: Wire | None, answer: type[Answer]) -> Answer:
        return await self._send("POST", path, body, answer)

    async def _send(
        self, method: str, path: str, body: Wire | None, answer: type[Answer]
    ) -> Answer:
        request = self._client.build_request(
            method,
            path,
            content=None if body is None else body.model_dump_json(by_alias=True),
            headers={} if body is None else {"Content-Type": "application/json"},
        )
        return await self._ask(request, answer)

    async def _ask(self, request: httpx.Request, answer: type[Answer]) -> Answer:
        try:
            response = await self._client.send(request)
        except httpx.ConnectError as exc:
            raise ApiProblem(
                f"Nobody answers at {self._url}. Start the services with `{called('up')}`, or say "
                "where they run: --url, or ORCHESTRATOR_HOST and ORCHESTRATOR_PORT."
            ) from exc
        except httpx.TimeoutException as exc:
            raise ApiProblem(f"{self._url} does not answer in time; look at its log.") from exc
        except httpx.HTTPError as exc:
            raise ApiProblem(
                f"The call to {self._url} failed: {str(exc) or type(exc).__name__}"
            ) from exc
        try:
            if response.is_success:
                return answer.model_validate_json(response.content)
            problem = ProblemBody.model_validate_json(response.content)
        except ValidationError as exc:
            raise ApiProblem(
                f"{request.url} answered HTTP {response.status_code} with something that is no "
                "answer of the orchestrator: is that where it runs?"
            ) from exc
        detail = problem.detail
        if problem.code is ErrorCode.UNAUTHORIZED:
            detail += " Set API_KEY to the key that the service was started with."
        raise ApiProblem(detail, code=problem.code)


def _path(collection: str) -> str:
    return f"/collections/{quote(collection, safe='')}"


def _home() -> str:
    return os.path.realpath(os.path.expanduser("~"))
