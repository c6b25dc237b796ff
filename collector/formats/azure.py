"""Azure's diagnostic logs (Front Door, Cosmos DB …): records in the schema all its resource logs share.

https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema, and the pages on monitoring
Front Door and Cosmos DB. Attributes are named as in the OpenTelemetry Collector's Azure translator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from collector.columns import Source
from collector.formats.dialect import Dialect

_REGION = re.compile(r"[a-z0-9-]+")  # what the store's paths can hold

# Of every set of top-level fields a record has one.
_MARKS = (frozenset({"time", "category", "operationName"}), frozenset({"time", "category", "resourceId"}))

AZURE = Dialect(
    columns={
        "time": "time",
        "properties.trackingReference": "request_id",  # Front Door; it is also the header X-Azure-Ref
        "properties.activityId": "request_id",  # Cosmos DB
        "properties.activityId_g": "request_id",
        "correlationId": "request_id",
        "properties.httpStatusCode": "http_status",
        "properties.statusCode": "http_status",
        "durationMs": "duration_ms",
        "properties.timeTaken": "duration_s",
        "properties.duration": "duration_ms",
        **dict.fromkeys(("level", "Level"), ("severity", "severity_text")),
        "identity.claim.oid": "user_id",
    },
    attributes={
        "resourceId": "cloud.resource_id",
        "location": "cloud.region",
        "callerIpAddress": "client.address",
        "category": "azure.category",
        "tenantId": "azure.tenant.id",
        "operationName": "azure.operation.name",
        "operationVersion": "azure.operation.version",
        "resultType": "azure.result.type",
        "resultSignature": "azure.result.signature",
        "resultDescription": "azure.result.description",
        **dict.fromkeys(("properties.region", "properties.regionName"), "cloud.region"),
        **dict.fromkeys(
            ("properties.clientIp", "properties.clientIP", "properties.clientIpAddress"), "client.address"
        ),
        "properties.clientPort": "client.port",
        "properties.socketIp": "network.peer.address",
        "properties.httpMethod": "http.request.method",
        "properties.httpVersion": "network.protocol.version",
        "properties.requestUri": "url.full",
        "properties.hostName": "server.address",
        "properties.requestBytes": "http.request.size",
        "properties.responseBytes": "http.response.size",
        "properties.userAgent": "user_agent.original",
        "properties.referer": "http.request.header.referer",
        "properties.securityProtocol": "tls.protocol.version",
        "properties.securityCipher": "tls.cipher",
        "properties.databaseName": "db.namespace",
        "properties.collectionName": "db.collection.name",
        "properties.requestCharge": "azure.cosmosdb.operation.request_charge",
    },
    prefix="azure.",
    template=(("operationName",), ("category",), ("properties.httpStatusCode", "properties.statusCode")),
    marks=_MARKS,
    by_status=True,
)


def is_envelope(value: Any) -> bool:
    """Whether a JSON document is what Azure sends to an event hub: its records, and nothing before them."""
    if not isinstance(value, dict) or next(iter(value), None) != "records":
        return False
    records = value["records"]
    return isinstance(records, list) and any(map(_is_record, records))


def source(record: Any, carrier: Source) -> Source:
    """Where a record comes from: its resource, category and location; if it is not Azure's, its carrier."""
    if not _is_record(record):
        return carrier
    return replace(
        carrier,
        log_group=_text(record.get("resourceId")) or carrier.log_group,
        log_stream=_text(record.get("category")) or carrier.log_stream,
        region=_region(record) or carrier.region,
    )


def _is_record(record: Any) -> bool:
    return isinstance(record, dict) and any(marks <= record.keys() for marks in _MARKS)


def _region(record: Mapping[str, Any]) -> str | None:
    """The location in the form of its programmatic name: East US is eastus."""
    properties = record.get("properties")
    inner = properties if isinstance(properties, dict) else {}
    told = record.get("location"), inner.get("regionName"), inner.get("region")
    names = (name.replace(" ", "").lower() for name in told if isinstance(name, str))
    return next((name for name in names if _REGION.fullmatch(name)), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
