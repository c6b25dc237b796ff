"""From a payload's bytes to JSON documents, and from a CloudWatch Logs document to log events."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import Any

import orjson

from collector.columns import Events, Source
from collector.moment import EARLIEST, LATEST, RULE, micros

LIMIT = 64 * 2**20  # bytes a record may grow to; CloudWatch Logs makes records of 1 MB or so of them

DATA, CONTROL = "DATA_MESSAGE", "CONTROL_MESSAGE"


class Unreadable(Exception):
    """The payload cannot be read. The message says why and shows none of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON document of a payload: its bytes, and what they say or why they say nothing.

    `line` is whether it is one of several lines, each a record of its own.
    """

    raw: bytes
    value: Any = None
    error: str | None = None
    line: bool = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """A log event that cannot be read, as a CloudWatch Logs document of this event alone, and the reason."""

    document: bytes
    reason: str
    region: str | None


_GZIP, _ZLIB = b"\x1f\x8b", (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")  # RFC 1952, RFC 1950
_BASE64 = re.compile(rb"\s*(?:H4sI|eA|eF|eJ|eN|ew|ey)[A-Za-z0-9+/\s]{12,}={0,2}\s*")  # of gzip, zlib, JSON


def inflate(data: bytes, limit: int = LIMIT) -> bytes:
    """The payload without its base64, gzip (of one or several members) or zlib. Raises Unreadable."""
    if data[:2] == _GZIP or data[:2] in _ZLIB:
        return _decompressed(data, limit)
    if _BASE64.fullmatch(data):
        return inflate(unbase64(b"".join(data.split())), limit)
    return data


def unbase64(text: str | bytes) -> bytes:
    """The bytes behind base64 text. Raises Unreadable."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unreadable(f"not base64: {error}") from None


def _decompressed(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=47)  # gzip or zlib, whichever it is
    try:
        plain = stream.decompress(data, limit + 1)
        if stream.unused_data:  # most likely another gzip member
            plain = gzip.GzipFile(fileobj=io.BytesIO(data)).read(limit + 1)
    except EOFError:
        raise Unreadable("compressed data is truncated") from None
    except (OSError, zlib.error):
        raise Unreadable("compressed data is damaged") from None
    if len(plain) > limit:
        raise Unreadable(f"decompresses to more than {limit} bytes")
    if not stream.eof:
        raise Unreadable("compressed data is truncated")
    return plain


def documents(data: bytes) -> Iterator[Document]:
    """The JSON documents of a payload, one or several back to back; garbage between them is an error."""
    try:
        yield Document(data, orjson.loads(data))
    except orjson.JSONDecodeError:
        lines = _lines(data)
        for line in lines:
            yield from (replace(document, line=True) for document in _readable(line))
        for piece in () if lines else _cut(data, AFTER_ANOTHER):
            found = [*_readable(piece)]
            if any(document.error for document in found):  # one that broke off, and the next within it
                found = [document for part in _cut(piece, START) for document in _readable(part)]
            yield from found


def _readable(piece: bytes) -> Iterator[Document]:
    try:
        yield Document(piece, orjson.loads(piece))
    except orjson.JSONDecodeError:
        yield from _tolerant(piece)


def _lines(data: bytes) -> list[bytes]:
    """The lines of newline-delimited JSON, so that a broken one is alone; none, if it is something else."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    objects = sum(line.startswith(b"{") for line in lines)
    return lines if 2 * objects > len(lines) > 1 and not START.search(data) else []


# Inside a JSON string the second quote would be escaped, so this is where a CloudWatch Logs document begins.
START = re.compile(rb'(\{\s*"messageType")')
# What follows a colon, a comma or a bracket may also be a field of a document.
AFTER_ANOTHER = re.compile(rb'[^:,\[\s]\s*(\{\s*"messageType")')


def _cut(data: bytes, beginning: re.Pattern[bytes]) -> Iterator[bytes]:
    cuts = [0, *(match.start(1) for match in beginning.finditer(data) if match.start(1)), len(data)]
    for start, end in pairwise(cuts):
        if data[start:end].strip():
            yield data[start:end]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= 20 else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)
_SPACE = re.compile(r"[\s\x1e\ufeff]*")  # also record separators (RFC 7464) and byte order marks


def _tolerant(piece: bytes) -> Iterator[Document]:
    """What orjson refuses and can still be read: NaN, lone surrogates, broken UTF-8, documents in a row."""
    text = piece.decode("utf-8", "surrogateescape")
    position = _SPACE.match(text).end()  # type: ignore[union-attr]
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
            document = Document(_bytes(text[position:end]), _clean(value))
        except (ValueError, RecursionError) as error:
            yield Document(_bytes(text[position:]), error=_why(error))
            return
        yield document
        position = _SPACE.match(text, end).end()  # type: ignore[union-attr]


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos}"
    return "JSON is nested too deep" if isinstance(error, RecursionError) else "not JSON"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_BROKEN = re.compile("[\udc80-\udcff]")


def _clean(value: Any) -> Any:
    """The value with bytes that are no UTF-8, and lone surrogates, written as escapes."""
    if isinstance(value, str):
        shown = _BROKEN.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", value)
        return shown.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def is_log_document(value: Any) -> bool:
    """Whether this is a CloudWatch Logs document, data or control."""
    return isinstance(value, dict) and value.get("messageType") in (DATA, CONTROL)


def log_events(document: Mapping[str, Any]) -> tuple[Events, list[Misfit]]:
    """The events of a CloudWatch Logs data message, and those that cannot be read. Raises Unreadable."""
    source = Source(
        log_group=_text(document, "logGroup"),
        log_stream=_text(document, "logStream"),
        account_id=_text(document, "owner"),
    )
    entries = document.get("logEvents")
    if not isinstance(entries, list):
        raise Unreadable(f"logEvents is {_shown(entries)}: must be a list")
    try:
        return _columns(source, entries), []
    except (KeyError, TypeError, ValueError):
        return _one_by_one(document, source, entries)


def _text(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{key} is {_shown(value)}: must be text")
    return value or None


_ID_TIME_MESSAGE = itemgetter("id", "timestamp", "message")


def _columns(source: Source, entries: Sequence[Any]) -> Events:
    """All events at once. Raises KeyError, TypeError or ValueError if any is out of the ordinary."""
    ids, times, messages = map(list, zip(*map(_ID_TIME_MESSAGE, entries), strict=True))
    texts, numbers = {*map(type, ids), *map(type, messages)}, set(map(type, times))
    if not (texts <= {str} and numbers <= {int} and all(ids)):
        raise TypeError
    if times and not EARLIEST <= min(times) * 1000 <= max(times) * 1000 < LATEST:
        raise ValueError
    return Events(_sources(source, entries), ids, [time * 1000 for time in times], messages)


def _sources(source: Source, entries: Sequence[Any]) -> list[Source]:
    if set(map(len, entries)) <= {3}:  # id, timestamp, message: no extractedFields
        return [source] * len(entries)
    known: dict[tuple[str, str], Source] = {}
    sources = []
    for entry in entries:
        account, region = _extracted(entry)
        if (account, region) not in known:
            known[account, region] = replace(
                source, account_id=account or source.account_id, region=region or source.region
            )
        sources.append(known[account, region])
    return sources


_REGION = re.compile(r"[a-z0-9-]*")  # what the store's paths can hold


def _extracted(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Account and region, where the subscription's emitSystemFields put them into the event, else empty."""
    extracted = entry.get("extractedFields") or {}
    if not isinstance(extracted, dict):
        raise ValueError(f"extractedFields is {_shown(extracted)}: must be an object")
    account, region = extracted.get("@aws.account") or "", extracted.get("@aws.region") or ""
    if not isinstance(account, str):
        raise ValueError(f"extractedFields.@aws.account is {_shown(account)}: must be text")
    if not (isinstance(region, str) and _REGION.fullmatch(region)):
        raise ValueError(f"extractedFields.@aws.region is {_shown(region)}: must be the name of a region")
    return account, region


def _one_by_one(
    document: Mapping[str, Any], source: Source, entries: Sequence[Any]
) -> tuple[Events, list[Misfit]]:
    events, misfits = Events(), []
    for entry in entries:
        try:
            events.extend(_event(source, entry))
        except ValueError as error:
            alone = _json({**document, "logEvents": [entry]}).encode()
            misfits.append(Misfit(alone, str(error), _region(entry)))
    return events, misfits


def _region(entry: Any) -> str | None:
    try:
        return _extracted(entry)[1] or None
    except (AttributeError, ValueError):
        return None


def _event(source: Source, entry: Any) -> Events:
    """One event, whatever unit its time has. Raises ValueError, naming key, value and rule."""
    if not isinstance(entry, dict):
        raise ValueError(f"log event is {_shown(entry)}: must be an object")
    id, time, message = entry.get("id"), micros(entry.get("timestamp")), entry.get("message")
    if not isinstance(id, str) or not id:
        raise ValueError(f"id is {_shown(id)}: must be text")
    if time is None:
        raise ValueError(f"timestamp is {_shown(entry.get('timestamp'))}: {RULE}")
    if message is None:
        raise ValueError("message is missing: must be text")
    return Events(
        _sources(source, [entry]), [id], [time], [message if isinstance(message, str) else _json(message)]
    )


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise Unreadable("JSON is nested too deep") from None


def _shown(value: Any) -> str:
    """A value as an error may show it: numbers whole, of all else only the kind, for it may name a person."""
    if value is None or value == "":
        return "missing"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**20):
        return repr(value)
    if isinstance(value, int):
        return "a huge number"
    if isinstance(value, str):
        return "text"
    return "an object" if isinstance(value, dict) else "a list"
