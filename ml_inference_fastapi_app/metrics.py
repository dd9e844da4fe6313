"""What the engine counts, in the app's own Prometheus registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from ml_inference_fastapi_app.backends.base import ClipDescription
from utils.web.metrics import SECONDS_BUCKETS


class EngineMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(f"photoseek_inference_{name}", text, registry=registry)

        def seconds(name: str, text: str) -> Histogram:
            return Histogram(
                f"photoseek_inference_{name}_seconds",
                text,
                buckets=SECONDS_BUCKETS,
                registry=registry,
            )

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"photoseek_inference_{name}", text, registry=registry)

        self.images = Counter(
            "photoseek_inference_images",
            "Images answered, by what became of them.",
            ("outcome",),
            registry=registry,
        )
        self.batches = counter("batches", "Batches answered.")
        self.busy = counter("busy", "Requests answered 429.")
        self.out_of_memory = counter("out_of_memory", "Turns for which the device had no memory.")
        self.unloaded = Counter(
            "photoseek_inference_unloaded",
            "Models dropped since nobody needed them.",
            ("model",),
            registry=registry,
        )
        self.decode_s = seconds("decode", "Decoding one upload, on its thread.")
        self.queue_s = seconds("queue", "From pixels complete to a batch's first turn.")
        self.model_s = seconds("model", "From a batch's first turn to its last vector.")
        self.safe_batch = gauge("safe_batch", "Images that one request may carry, by default.")
        self.running = gauge("batches_running", "Batches on the device.")
        self.waiting = gauge("batches_waiting", "Batches that arrive and decode behind it.")
        self.queued = gauge("queued", "Pieces of work that wait for the model thread.")
        self.loaded = gauge("model_loaded", "1: the default model is there; 0: it is not.")
        self.models = Gauge(
            "photoseek_inference_models",
            "CLIP models that may be asked for, by their state.",
            ("state",),
            registry=registry,
        )
        self._model = Info("photoseek_inference_model", "The default one.", registry=registry)

    def describe(self, model: ClipDescription) -> None:
        self._model.info(
            {
                "model": model.model,
                "weights": model.weights,
                "fingerprint": model.fingerprint,
                "dtype": model.dtype,
                "device": model.device,
                "backend": model.backend,
                "compiled": str(model.compiled).lower(),
            }
        )
