"""The metrics of several pages as one text, for the one address that they are behind."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

PAGE = "page"
"""The label that tells pages apart."""


def together(texts: Mapping[int, str]) -> bytes:
    """Return the metrics of pages, in Prometheus' text format by the pages' numbers, each sample with its page."""
    found: dict[str, Metric] = {}
    for number, text in texts.items():
        for metric in text_string_to_metric_families(text):
            own = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
            for sample in metric.samples:
                own.samples.append(sample._replace(labels={**sample.labels, PAGE: str(number)}))
    registry = CollectorRegistry()
    registry.register(_Read(list(found.values())))
    return generate_latest(registry)


class _Read:
    """A collector of what was read."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
