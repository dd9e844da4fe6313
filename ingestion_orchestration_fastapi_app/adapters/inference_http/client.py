"""The inference service over HTTP: what was asked, and each way in which it may not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import structlog
from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.adapters.inference_http.developed_preview import (
    developed_preview_of,
)
from ingestion_orchestration_fastapi_app.adapters.inference_http.multipart_body import MultipartBody
from ingestion_orchestration_fastapi_app.adapters.inference_http.replies import (
    answer_of,
    captions_of,
    check_fingerprint,
    fault_of,
    parsed,
    query_vectors,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.original_file import OriginalFile
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Captioned,
    Embedded,
    Original,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import DevelopedPreview
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.errors import (
    ConnectionLost,
    Overloaded,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.contract import (
    API_PREFIX,
    IMAGE_COUNT_HEADER,
    RAW_MEDIA_TYPE,
    REQUEST_ID_HEADER,
    BatchReply,
    Capabilities,
    EmbedReply,
    EmbedTextReply,
)
from utils.problems import Rejected, ValidationProblem, resource_shortage

CONNECT_TIMEOUT_S = 5.0
STATUS_TIMEOUT_S = 10.0
DECODING_THREADS = 2  # of the small pictures that a service made of originals


class InferenceClient:
    """The `Inference` port. The httpx client belongs to the caller, who closes it; `threads` read
    the originals that are sent."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        url: str,
        threads: RootThreads,
        request_timeout_s: float,
        query_timeout_s: float,
        api_key: str | None = None,
        thumbnail_side_px: int = 320,
    ) -> None:
        self._http = http
        self._url = url
        self._base = url + API_PREFIX
        self._batch_timeout = httpx.Timeout(request_timeout_s, connect=CONNECT_TIMEOUT_S)
        self._query_timeout = httpx.Timeout(query_timeout_s, connect=CONNECT_TIMEOUT_S)
        self._headers = {} if api_key is None else {"X-API-Key": api_key}
        self._thumbnail_side_px = thumbnail_side_px
        self._root_threads = threads
        self._threads = CapacityLimiter(DECODING_THREADS)
        self._takes_fingerprints = False  # those of before 0.2 refuse what they do not know
        self._captions_alone = False

    @property
    def url(self) -> str:
        return self._url

    async def capabilities(self) -> Capabilities:
        """Raises Overloaded while the model loads, another InferenceFault otherwise."""
        timeout = httpx.Timeout(STATUS_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        response = await self._send_our_own("GET", "/capabilities", timeout=timeout)
        told = parsed(Capabilities, response)
        self._takes_fingerprints = bool(told.models)
        self._captions_alone = told.captions.alone
        return told

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        try:
            return await self._embedded(uploads, captions=captions, fingerprint=fingerprint)
        except Exception as exc:
            _raise_what_lacks(exc)
            raise

    async def _embedded(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        faults = await self._changed(uploads)
        sent = {part_id: upload for part_id, upload in uploads.items() if part_id not in faults}
        if not sent:
            return dict(faults)
        with MultipartBody("files", sent, self._root_threads) as body:
            response = await self._send_our_own(
                "POST",
                "/batch_embed_and_caption",
                params={
                    **self._params(sent, captions=captions),
                    **self._model(fingerprint),
                },
                headers={IMAGE_COUNT_HEADER: str(len(sent)), **body.headers},
                content=body,
                timeout=self._batch_timeout,
            )
        if not body.complete:
            raise ConnectionLost("the service answered before it had heard everything")
        reply = parsed(BatchReply, response)
        check_fingerprint(reply.fingerprint, fingerprint)
        answers = {
            item.id: answer_of(item, reply.caption_fingerprint)
            for item in reply.results
            if item.id in sent
        }
        if len(answers) != len(sent):
            raise ConnectionLost(f"the answer has {len(answers)} of {len(sent)} results")
        for part_id, developed_preview in (await self._likenesses(reply, sent)).items():
            answer = answers[part_id]
            if isinstance(answer, Embedded):
                answers[part_id] = replace(answer, developed_preview=developed_preview)
        return answers | faults | body.faults

    async def caption(self, uploads: Mapping[str, Upload], *, fingerprint: str) -> Captioned:
        try:
            return await self._captioned(uploads, fingerprint)
        except Exception as exc:
            _raise_what_lacks(exc)
            raise

    async def _captioned(self, uploads: Mapping[str, Upload], fingerprint: str) -> Captioned:
        alone = {"embeddings": "false"} if self._captions_alone else {"encoding_format": "base64"}
        with MultipartBody("files", uploads, self._root_threads) as body:
            response = await self._send_our_own(
                "POST",
                "/batch_embed_and_caption",
                params={"captions": "true", **alone, **self._model(fingerprint)},
                headers={IMAGE_COUNT_HEADER: str(len(uploads)), **body.headers},
                content=body,
                timeout=self._batch_timeout,
            )
        if not body.complete:
            raise ConnectionLost("the service answered before it had heard everything")
        return captions_of(parsed(BatchReply, response), uploads)

    def _model(self, fingerprint: str) -> dict[str, str]:
        return {"fingerprint": fingerprint} if self._takes_fingerprints else {}

    def _params(self, sent: Mapping[str, Sendable], *, captions: bool) -> dict[str, str]:
        """A service that does not know how to make thumbnails passes over the wish."""
        params = {"captions": str(captions).lower(), "encoding_format": "base64"}
        if any(upload.media_type == RAW_MEDIA_TYPE for upload in sent.values()):
            params["thumbnail_side_px"] = str(self._thumbnail_side_px)
        return params

    async def _likenesses(
        self, reply: BatchReply, sent: Mapping[str, Sendable]
    ) -> dict[str, DevelopedPreview | None]:
        """Of originals; None of what cannot be shown."""
        drawn = {
            item.id: (item.thumbnail, original.turn)
            for item in reply.results
            if item.thumbnail is not None and isinstance(original := sent.get(item.id), Original)
        }

        def looked_at() -> dict[str, DevelopedPreview | None]:
            side_px = self._thumbnail_side_px
            return {
                one: developed_preview_of(said, side_px=side_px, turn=turn)
                for one, (said, turn) in drawn.items()
            }

        return await to_thread.run_sync(looked_at, limiter=self._threads) if drawn else {}

    async def _changed(self, uploads: Mapping[str, Sendable]) -> dict[str, Rejected]:
        """Originals that have changed since they were hashed, by their times and sizes."""
        faults: dict[str, Rejected] = {}
        for part_id, upload in uploads.items():
            if not isinstance(upload, Original):
                continue
            with OriginalFile(upload) as file:
                await file.in_thread(self._root_threads, file.check)
                if file.fault is not None:
                    faults[part_id] = file.fault
        return faults

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        (vector,) = await self.embed_texts([text], fingerprint=fingerprint)
        return vector

    async def embed_texts(self, texts: Sequence[str], *, fingerprint: str) -> list[QueryVector]:
        response = await self._send(
            "POST",
            "/embed_text",
            params=self._model(fingerprint),
            json={"texts": [*texts]},
            timeout=self._query_timeout,
        )
        return query_vectors(parsed(EmbedTextReply, response), len(texts))

    async def embed_image(self, data: bytes, *, fingerprint: str) -> QueryVector:
        uploads = {"query": Upload(data, "application/octet-stream")}
        with MultipartBody("file", uploads, self._root_threads) as body:
            response = await self._send(
                "POST",
                "/embed",
                params=self._model(fingerprint),
                headers=body.headers,
                content=body,
                timeout=self._query_timeout,
            )
        reply = parsed(EmbedReply, response)
        return QueryVector(np.asarray(reply.embedding, dtype=np.float32), reply.fingerprint)

    async def _send_our_own(self, *args: Any, **kwargs: Any) -> httpx.Response:
        """What nobody but us worded is no caller's fault: a batch is cut until the file that it is
        about stands alone."""
        try:
            return await self._send(*args, **kwargs)
        except ValidationProblem as exc:
            raise ConnectionLost(exc.detail) from exc

    async def _send(
        self,
        method: str,
        path: str,
        *,
        timeout: httpx.Timeout,
        headers: Mapping[str, str] | None = None,
        **content: Any,  # what httpx takes: params, json, content
    ) -> httpx.Response:
        sending = _Sending()
        try:
            response = await self._http.request(
                method,
                self._base + path,
                headers={**self._headers, **_request_id(), **(headers or {})},
                timeout=timeout,
                extensions={"trace": sending.trace},
                **content,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise Unreachable("the inference service cannot be reached") from exc
        except httpx.TransportError as exc:
            if not sending.complete:
                # The service closed while it was still being told: overload, not poison.
                raise Overloaded("the inference service broke off the upload") from exc
            raise ConnectionLost("the inference service was lost before it answered") from exc
        except RuntimeError as exc:  # no thread to look its name up
            _raise_what_lacks(exc)
            raise
        if response.is_success:
            return response
        raise fault_of(response)


def _raise_what_lacks(exc: Exception) -> None:
    """Overloaded where it is this process that has no descriptor or thread; else nothing."""
    lacking = resource_shortage(exc)
    if lacking is not None:
        raise Overloaded(lacking.detail, retry_after_s=lacking.retry_after_s) from exc


def _request_id() -> dict[str, str]:
    """The id under which both services log what is done here; what a job asks has the job's."""
    bound = structlog.contextvars.get_contextvars()
    known = bound.get("job_id") or bound.get("request_id")
    return {} if known is None else {REQUEST_ID_HEADER: str(known)}


class _Sending:
    """Notices when a request's body has gone out whole."""

    def __init__(self) -> None:
        self.complete = False

    async def trace(self, event: str, _details: Mapping[str, object]) -> None:
        if event.endswith("send_request_body.complete"):
            self.complete = True
