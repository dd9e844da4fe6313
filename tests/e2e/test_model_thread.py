"""What the death of the model thread is to the real process, and so to whoever restarts it."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil

from tests.component.inference_fakes import files, picture, ppm
from tests.e2e.conftest import STOP_LIMIT_S, service_pair


def test_the_process_whose_model_thread_died_ends_by_itself_with_1(tmp_path: Path) -> None:
    service = service_pair(tmp_path).inference
    service.module = "tests.component.dying_inference"
    try:
        service.start()
        process = psutil.Process(service.pid)
        url = f"{service.url}/api/v1/batch_embed_and_caption"
        with httpx.Client(trust_env=False, timeout=STOP_LIMIT_S) as http:
            answer = http.post(url, files=files(("a", ppm(picture(2)))))
            assert answer.status_code == 200
            answer = http.post(url, files=files(("a", ppm(picture(1)))))
        assert (answer.status_code, answer.json()["code"]) == (503, "ERR_ML_UNAVAILABLE")
        assert process.wait(STOP_LIMIT_S) == 1
        assert "model_thread_died" in service.log()
    finally:
        service.kill()
