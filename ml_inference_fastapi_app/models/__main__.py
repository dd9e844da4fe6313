"""`python -m ml_inference_fastapi_app.models list | pull | verify`: model weights."""

from ml_inference_fastapi_app.models.weights_command import app

if __name__ == "__main__":
    app()
