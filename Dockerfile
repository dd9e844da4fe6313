# Three images: `orchestrator` (no torch), `inference-cpu` and `inference-cuda`. docs/docker.md says
# what is in them and what was run.
ARG BASE_IMAGE=python:3.12-slim
# What packages are installed with; nothing of it stays.
ARG BUILD_IMAGE=${BASE_IMAGE}

# ---- packages: before the sources, a change of which does not install everything again ----
FROM ${BUILD_IMAGE} AS packages
WORKDIR /build
COPY constraints.txt ./
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /tools \
    && /tools/bin/pip install -c constraints.txt cyclonedx-bom pip-licenses \
    && python3 -m venv --without-pip /opt/photoseek
COPY pyproject.toml LICENSE ./
ENV INSTALL="/tools/bin/python -m pip --python /opt/photoseek/bin/python install -c constraints.txt"
RUN touch README.md && $INSTALL .
# What each image holds, and under which licences: /opt/photoseek/share/sbom.cdx.json, NOTICES.txt.
ENV LIST="mkdir -p /opt/photoseek/share \
    && /tools/bin/cyclonedx-py environment --of JSON -o /opt/photoseek/share/sbom.cdx.json /opt/photoseek/bin/python \
    && /tools/bin/pip-licenses --python=/opt/photoseek/bin/python --with-system --with-license-file --no-license-path --format=plain-vertical --output-file=/opt/photoseek/share/NOTICES.txt"

FROM packages AS orchestrator-packages
# What only a compiler or a packager reads stays behind, and Arrow's network protocol, which nothing
# here speaks.
RUN $INSTALL '.[orchestrator]' && eval "$LIST" \
    && cd /opt/photoseek/lib/python3*/site-packages \
    && rm -r pyarrow/include pyarrow/tests pyarrow/*flight* \
    && find numpy -type d -name tests -prune -exec rm -r {} +

FROM packages AS inference-cpu-packages
# The index of PyTorch's CPU builds: on x86-64 the default one gives CUDA's, gigabytes more.
ARG TORCH_INDEX=
RUN $INSTALL ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch torchvision \
    && /opt/photoseek/bin/python -c 'import sys, torch; sys.exit(torch.version.cuda and \
    "This PyTorch is built for CUDA: give the index of its CPU builds as --build-arg TORCH_INDEX=.")' \
    && $INSTALL '.[inference]' && eval "$LIST" \
    # Nothing is compiled on CPU: what only a compiler reads, and torch's own tests, stay behind.
    && cd /opt/photoseek/lib/python3*/site-packages/torch && rm -r include test

FROM packages AS inference-cuda-packages
ARG TORCH_INDEX=
RUN $INSTALL ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch torchvision \
    && $INSTALL '.[inference]' && eval "$LIST" \
    && cd /opt/photoseek/lib/python3*/site-packages/torch && rm -r test

# ---- what runs ----
FROM ${BASE_IMAGE} AS runtime
WORKDIR /app
ENV PATH=/opt/photoseek/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# The folders exist with their owner: a new named volume takes both from the image.
RUN useradd --uid 10001 --create-home photoseek \
    && install -d -o photoseek -g photoseek -m 0700 /models /cache /store /ledger /inbox \
    && install -d -m 0755 /photos

FROM runtime AS orchestrator
COPY --from=orchestrator-packages /opt/photoseek /opt/photoseek
COPY utils utils
COPY ingestion_orchestration_fastapi_app ingestion_orchestration_fastapi_app
RUN python -m compileall -q utils ingestion_orchestration_fastapi_app
USER photoseek
ENV ORCHESTRATOR_HOST=0.0.0.0 \
    DATA_DIR=/ledger \
    STORE_URI=/store \
    DISKCACHE_DIR=/cache \
    INGEST_ROOTS=/photos \
    INBOX_DIR=/inbox
EXPOSE 8002
HEALTHCHECK --interval=15s --timeout=15s --start-period=60s --retries=3 \
    CMD ["python", "-m", "ingestion_orchestration_fastapi_app.health_check"]
CMD ["python", "-m", "ingestion_orchestration_fastapi_app"]

FROM runtime AS inference-cpu
COPY --from=inference-cpu-packages /opt/photoseek /opt/photoseek
COPY utils utils
COPY ml_inference_fastapi_app ml_inference_fastapi_app
RUN python -m compileall -q utils ml_inference_fastapi_app
USER photoseek
ENV ML_HOST=0.0.0.0 \
    ML_DEVICE=cpu \
    MODEL_CACHE_DIR=/models
EXPOSE 8001
HEALTHCHECK --interval=15s --timeout=15s --start-period=300s --retries=3 \
    CMD ["python", "-m", "ml_inference_fastapi_app.health_check"]
CMD ["python", "-m", "ml_inference_fastapi_app"]

FROM runtime AS inference-cuda
# What is compiled for the device at the start is compiled by it; without, the model runs uncompiled.
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
COPY --from=inference-cuda-packages /opt/photoseek /opt/photoseek
COPY utils utils
COPY ml_inference_fastapi_app ml_inference_fastapi_app
RUN python -m compileall -q utils ml_inference_fastapi_app
USER photoseek
ENV ML_HOST=0.0.0.0 \
    MODEL_CACHE_DIR=/models
EXPOSE 8001
HEALTHCHECK --interval=15s --timeout=15s --start-period=300s --retries=3 \
    CMD ["python", "-m", "ml_inference_fastapi_app.health_check"]
CMD ["python", "-m", "ml_inference_fastapi_app"]
