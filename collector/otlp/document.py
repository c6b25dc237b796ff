"""OTLP/JSON, both ways: opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding".

It is protobuf's JSON but for ids, which are hex; unknown fields are ignored, enums are integers, and integers
of 64 bits may be texts. Each document becomes the protobuf it stands for, so that one decoder reads both.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message

from collector.decode import Misfit, Unreadable
from collector.otlp.request import KINDS, Kind

_IDS = ("traceId", "spanId", "parentSpanId")
_HEX = re.compile(r"[0-9a-fA-F]*")


def kinds(value: Any) -> list[Kind]:
    """The signals that a JSON document holds as OTLP has them."""
    return [kind for kind in KINDS.values() if isinstance(value, dict) and camel(kind.resources) in value]


def protobuf(kind: Kind, value: Mapping[str, Any]) -> tuple[bytes, list[Misfit]]:
    """The request a document stands for, without the records that cannot be read. Raises Unreadable."""
    resources = camel(kind.resources)
    whole = {resources: value.get(resources) or []}
    try:
        return _parsed(kind, whole), []
    except _WRONG:
        readable, misfits = [], []
        for alone in _records(kind, whole):
            try:
                readable.append(_parsed(kind, alone))
            except _WRONG as error:
                misfits.append(Misfit(orjson.dumps(alone), _why(error), None))
        return b"".join(readable), misfits  # requests of protobuf, laid side by side, are one request


_WRONG = (ParseError, ValueError, TypeError, RecursionError)


def json(kind: Kind, body: bytes) -> bytes:
    """A request in protobuf as OTLP/JSON."""
    return orjson.dumps(plain(kind.request.FromString(body)))


def plain(message: Message) -> dict[str, Any]:
    """A message as the object that OTLP/JSON makes of it."""
    value = MessageToDict(message, use_integers_for_enums=True)
    found: dict[str, Any] = _rewritten(value, lambda id: base64.b64decode(id).hex())
    return found


def camel(name: str) -> str:
    """`resource_spans` as `resourceSpans`."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _parsed(kind: Kind, value: Mapping[str, Any]) -> bytes:
    request = ParseDict(_rewritten(value, _base64), kind.request(), ignore_unknown_fields=True)
    data: bytes = request.SerializeToString(deterministic=True)
    return data


def _base64(id: str) -> str:
    if not _HEX.fullmatch(id) or len(id) % 2:
        raise ValueError("an id must be hex digits")
    return base64.b64encode(bytes.fromhex(id)).decode()


def _rewritten(value: Any, id: Any) -> Any:
    """The document with each id in its other form. All keys are OTLP's: attributes have theirs as values."""
    if isinstance(value, list):
        return [_rewritten(each, id) for each in value]
    if isinstance(value, dict):
        return {
            key: id(part) if key in _IDS and isinstance(part, str) else _rewritten(part, id)
            for key, part in value.items()
        }
    return value


def _records(kind: Kind, whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each record as a document of its own. Raises Unreadable if it cannot be told where they are."""
    resources, scopes, records = map(camel, (kind.resources, kind.scopes, kind.records))
    for resource in _objects(whole, resources):
        for scope in _objects(resource, scopes):
            for record in _listed(scope, records):
                yield {resources: [{**resource, scopes: [{**scope, records: [record]}]}]}


def _objects(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = _listed(holder, key)
    if not all(isinstance(each, dict) for each in found):
        raise Unreadable(f"{key} must be a list of objects")
    return found


def _listed(holder: Mapping[str, Any], key: str) -> list[Any]:
    found = holder.get(key)
    if found is not None and not isinstance(found, list):
        raise Unreadable(f"{key} must be a list")
    return found or []


def _why(error: Exception) -> str:
    return "JSON is nested too deep" if isinstance(error, RecursionError) else f"not OTLP/JSON: {error}"[:300]
