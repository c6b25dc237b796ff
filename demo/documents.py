"""CloudWatch Logs subscription documents: what a log stream got in an interval, as AWS sends it on."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from demo.logs import AccessLog, Line, Stream
from demo.regions import ACCOUNT
from demo.text import epoch_ms

INTERVAL = 5  # seconds
LARGEST = 1000  # events in one document; below the 1 MB that a direct invocation may carry

Interval = tuple[float, dict[Stream | AccessLog, list[Line]]]


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON document, not yet compressed, and what is in it."""

    json: bytes
    log_events: int = 0
    controls: int = 0
    poison: int = 0  # 1 if nobody can make log events of it


def compressed(documents: Iterable[Document]) -> bytes:
    """The payload of one record: its documents back to back, gzip, always the same bytes."""
    return gzip.compress(b"".join(document.json for document in documents), 6, mtime=0)


def intervals(lines: Iterable[Line]) -> Iterator[Interval]:
    """The lines, which come in the order of time, by interval and log, each with the interval's end."""
    end = 0.0
    logs: dict[Stream | AccessLog, list[Line]] = {}
    for line in lines:
        if line.time >= end:
            if logs:
                yield end, logs
            end, logs = (line.time // INTERVAL + 1) * INTERVAL, {}
        logs.setdefault(line.log, []).append(line)
    if logs:
        yield end, logs


def documents(stream: Stream, lines: Sequence[Line], account_level: bool) -> Iterator[Document]:
    """What one stream got in one interval; an account-level policy adds its name and the system fields."""
    origin = _origin(stream)
    events = [_event(line, origin | index) for index, line in enumerate(lines)]
    if account_level:
        for event in events:
            event["extractedFields"] = {"@aws.account": ACCOUNT, "@aws.region": stream.region}
    for first in range(0, len(events), LARGEST):
        part = events[first : first + LARGEST]
        yield Document(_json("DATA_MESSAGE", ACCOUNT, stream, part, account_level), log_events=len(part))


def control(time: float, destination: str) -> Document:
    """CloudWatch asks whether the destination can be reached."""
    text = f"CWL CONTROL MESSAGE: Checking health of destination {destination}."
    event = {"id": "", "timestamp": epoch_ms(time), "message": text}
    return Document(
        _json("CONTROL_MESSAGE", "CloudwatchLogs", Stream("", "", ""), [event], False), controls=1
    )


def poison(time: float) -> Document:
    """What a producer that writes no log documents puts into the stream of a region's logs."""
    payloads = (
        b'{"messageType":"DATA_MESSAGE","owner":"' + ACCOUNT.encode() + b'","logEvents":[{"id":"3',
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        _orders(time),
    )
    return Document(payloads[int(time) // INTERVAL % len(payloads)], poison=1)


def _orders(time: float) -> bytes:
    return orjson.dumps({"exportedAt": epoch_ms(time), "table": "orders", "rows": []})


def _event(line: Line, id: int) -> dict[str, Any]:
    """Its id has 56 digits, made as real ones seem to be: milliseconds, then the stream, then a count."""
    timestamp = epoch_ms(line.time)
    return {"id": str(timestamp << 144 | id), "timestamp": timestamp, "message": line.message}


def _origin(stream: Stream) -> int:
    name = f"{stream.region} {stream.group} {stream.name}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") << 64


def _json(kind: str, owner: str, stream: Stream, events: list[dict[str, Any]], account_level: bool) -> bytes:
    document: dict[str, Any] = {
        "messageType": kind,
        "owner": owner,
        "logGroup": stream.group,
        "logStream": stream.name,
        "subscriptionFilters": ["regionscope"],
        "logEvents": events,
    }
    if account_level:
        document["policyLevel"] = "ACCOUNT_LEVEL_POLICY"
    return orjson.dumps(document)
