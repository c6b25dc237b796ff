"""The exporters of the OpenTelemetry SDK as what a forwarder sends with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from collector.forward import Forwarder, Send
from collector.otlp import outgoing

Headers = Callable[[], Mapping[str, str]]

# By table: the exporter, the path of its signal, and what makes its records of rows.
_ROUTES: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "logs": (OTLPLogExporter, "logs", outgoing.logs),
    "spans": (OTLPSpanExporter, "traces", outgoing.spans),
    "metrics": (OTLPMetricExporter, "metrics", outgoing.metrics),
    "events": (OTLPLogExporter, "logs", outgoing.happenings("events")),
    "probes": (OTLPLogExporter, "logs", outgoing.happenings("probes")),
}


def forwarder(endpoint: str, headers: Headers, tables: Collection[str], timeout: float = 10) -> Forwarder:
    """Forwards rows of these tables to the OTLP/HTTP endpoint (without /v1/…).

    `headers` yields what each request carries, such as a key; it is asked when the first is sent, and again
    if it raised. `timeout` is for one export with its retries, seconds.
    """
    return Forwarder({table: _send(endpoint.rstrip("/"), headers, table, timeout) for table in tables})


def _send(endpoint: str, headers: Headers, table: str, timeout: float) -> Send:
    exporter_type, path, records = _ROUTES[table]

    @cache
    def exporter() -> Any:
        return exporter_type(
            f"{endpoint}/v1/{path}",
            headers=dict(headers()),
            timeout=timeout,
            compression=Compression.Gzip,
        )

    return lambda rows: exporter().export(records(rows)).name == "SUCCESS"
