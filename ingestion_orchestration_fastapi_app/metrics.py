"""What the orchestrator counts, in the app's own Prometheus registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "photoseek_orchestrator"


class WorkMetrics:
    """What only ever grows is counted where it happens; `gauges` are looked up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{PREFIX}_{name}", text, labels, registry=registry)

        self.images = counter(
            "images", "Files by what became of them in a job.", "kind", "outcome", "code"
        )
        self.stage_seconds = counter("stage_seconds", "Work of a job's stage.", "kind", "stage")
        self.read_bytes = counter("read_bytes", "Bytes of files that jobs read.", "kind")
        self.holds = counter(
            "holds", "How often something kept a job from going on.", "kind", "state", "code"
        )
        self.gauges = Gauges(registry)
        self.registry = registry


@dataclass(frozen=True, slots=True)
class Gauge:
    """`read` gives the values by the label's. It is called on the event loop, and is quick."""

    name: str
    text: str
    label: str
    read: Callable[[], Mapping[str, float]]


class Gauges(Collector):
    """Numbers that are looked up whenever the metrics are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges: tuple[Gauge, ...] = ()
        registry.register(self)

    def show(self, *gauges: Gauge) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(f"{PREFIX}_{gauge.name}", gauge.text, labels=[gauge.label])
            for value, number in gauge.read().items():
                family.add_metric([value], number)
            yield family
