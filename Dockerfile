# syntax=docker/dockerfile:1
# Two targets: `orchestrator` (no torch) and `inference`.
FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# The folders exist with their owner: a new named volume takes both from the image.
RUN useradd --uid 10001 --create-home photoseek \
    && install -d -o photoseek -g photoseek -m 0700 /models /cache /store /ledger /inbox \
    && install -d -m 0755 /photos
# Before the sources: a change of them does not install everything again.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN pip install -c constraints.txt .

FROM base AS orchestrator
COPY utils utils
COPY ingestion_orchestration_fastapi_app ingestion_orchestration_fastapi_app
USER photoseek
ENV ORCHESTRATOR_HOST=0.0.0.0 \
    DATA_DIR=/ledger \
    STORE_URI=/store \
    DISKCACHE_DIR=/cache \
    INGEST_ROOTS=/photos \
    INBOX_DIR=/inbox
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=15s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8002/health/ready', timeout=12)"]
CMD ["python", "-m", "ingestion_orchestration_fastapi_app"]

FROM base AS inference
# torch.compile needs them at run time; without, the model runs uncompiled.
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
RUN pip install -c constraints.txt '.[inference]'
COPY utils utils
COPY ml_inference_fastapi_app ml_inference_fastapi_app
USER photoseek
ENV ML_HOST=0.0.0.0 \
    MODEL_CACHE_DIR=/models
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=15s --start-period=300s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/health/ready', timeout=12)"]
CMD ["python", "-m", "ml_inference_fastapi_app"]
