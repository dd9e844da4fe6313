"""A container's health check: exit status 0 where the inference service that runs here is ready.

`python -m ml_inference_fastapi_app.health_check` asks by its settings.
"""

import sys

from ml_inference_fastapi_app.settings import Settings
from utils.web.serving.health_check import is_ready

if __name__ == "__main__":
    settings = Settings()
    sys.exit(0 if is_ready(settings.ml_host, settings.ml_port) else 1)
