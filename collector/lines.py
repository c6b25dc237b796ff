"""A log file's or S3 object's content, decompressed, as log events: its lines, or what its JSON holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple

from collector.columns import Events, Source
from collector.decode import Misfit
from collector.formats import access_log, azure
from collector.formats.json_walk import Walk
from collector.moment import RULE, micros

BLOCK = 10_000  # events
_CHUNK = 2**20  # bytes decoded at a time
_LONGEST = 2**20  # characters that lines are joined up to; CloudWatch Logs takes no event above 1 MB


@dataclass(slots=True)
class Content(Events):
    """The events of a file, how many control messages it held, and what in it could not be read."""

    control: int = 0
    misfits: list[Misfit] = field(default_factory=list)


class _Event(NamedTuple):
    source: Source
    message: str
    time: int | None = None
    id: str | None = None


_Item = _Event | Misfit | None  # None is a control message


def split(name: str, data: bytes, source: Source) -> Content:
    """All events of a file or object called `name`. Whatever it holds, this raises nothing."""
    whole = Content()
    for block in blocks(name, data, source):
        whole.extend(block)
        whole.control += block.control
        whole.misfits += block.misfits
    return whole


def blocks(name: str, data: bytes, source: Source, most: int = BLOCK) -> Iterator[Content]:
    """The same in blocks of at most `most` events.

    An event's time is the one the file gives it apart from its message, else None. Its id is the one the file
    gives it, else it follows from the line and from how many equal lines stand before it.
    """
    items, seen = _items(name, data, source), Counter[str]()
    while found := list(islice(items, most)):
        events = [item for item in found if isinstance(item, _Event)]
        yield Content(
            [event.source for event in events],
            [event.id or _id(event, seen) for event in events],
            [event.time for event in events],
            [event.message for event in events],
            found.count(None),
            [item for item in found if isinstance(item, Misfit)],
        )


def _id(event: _Event, seen: Counter[str]) -> str:
    line = f"{event.time} {event.message}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(line, digest_size=16).hexdigest()
    earlier = seen[digest]
    seen[digest] = earlier + 1
    return f"{digest}-{earlier}" if earlier else digest


def _json(pattern: str) -> re.Pattern[bytes]:
    """The beginning of a JSON text; a blank in the pattern stands for any space."""
    return re.compile(pattern.replace(" ", r"\s*+").encode(), re.IGNORECASE)


_RECORDS = _json(r' \{ "Records" : \[')  # CloudTrail, and in lower case Azure's diagnostic logs
# What `aws logs filter-log-events` and `get-log-events` print, whole or with --query, or an SDK, capitalised:
# pages, each with its events or none, single events, or an array of them
_KEY = '"(?:logStreamName|timestamp|message|ingestionTime|eventId)" :'
_PRINTED = _json(
    r' (?:\{ "(?:searchedLogStreams|next(?:Forward|Backward)?Token)" :'
    rf'|\{{ "events" : \[ (?:\]|\{{ {_KEY})'
    rf'|\{{ "(?:logStreamName|ingestionTime|eventId)" : (?:"[^"]*"|\d+) , {_KEY}'
    rf"|\[ \{{ {_KEY})"
)


def _items(name: str, data: bytes, source: Source) -> Iterator[_Item]:
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0  # byte order mark
    if _RECORDS.match(data, start):
        yield from _records(data, start, source)
    elif _PRINTED.match(data, start):
        yield from _printed(data, start, source)
    elif _EXPORT.search(name) or any(map(_UNMISTAKABLE.match, islice(_lines(data, start), 200))):
        yield from _exported(_lines(data, start), source)
    else:
        yield from _logged(_lines(data, start), source)


_ARRAYS = ("Records", "records", "events", "Events")


def _values(data: bytes, start: int, source: Source) -> Iterator[tuple[Any, str] | Misfit]:
    """What the JSON documents of a file list, and at the end what of it cannot be read."""
    walk = Walk(data[start:].decode("utf-8", "surrogateescape"))
    read = 0
    try:
        while opening := walk.peek():
            for value in walk.elements() if opening == "[" else walk.opened(_ARRAYS):
                yield value
                read = walk.position
            read = walk.position
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else "broken or cut off"
        rest = walk.text[read:].encode("utf-8", "surrogateescape")
        yield Misfit(rest, f"JSON is {why} after {read} characters", source.region)


def _records(data: bytes, start: int, source: Source) -> Iterator[_Item]:
    sources: dict[Source, Source] = {}  # one object for equal ones
    for found in _values(data, start, source):
        if isinstance(found, Misfit):
            yield found
        else:
            record, raw = found
            place = azure.source(record, source)
            yield _Event(sources.setdefault(place, place), _shown(raw))


def _printed(data: bytes, start: int, source: Source) -> Iterator[_Item]:
    streams: dict[str, Source] = {}
    for found in _values(data, start, source):
        if isinstance(found, Misfit):
            yield found
            continue
        entry, raw = found
        names = {name[:1].lower() + name[1:]: name for name in entry} if isinstance(entry, dict) else {}
        if {"timestamp", "message"} <= names.keys() <= _EVENT:
            known = {name: entry[spelt] for name, spelt in names.items()}
            yield _printed_event(known, raw, source, streams)
        elif not (names and names.keys() <= _PAGE):
            yield _Event(source, _shown(raw))


_EVENT = {"logStreamName", "timestamp", "message", "ingestionTime", "eventId"}
_PAGE = {"searchedLogStreams", "nextToken", "nextForwardToken", "nextBackwardToken"}  # without events


def _printed_event(
    entry: dict[str, Any], raw: str, source: Source, streams: dict[str, Source]
) -> _Event | Misfit:
    def misfit(reason: str) -> Misfit:
        return Misfit(raw.encode("utf-8", "surrogateescape"), reason, source.region)

    moment, message, stream = entry["timestamp"], entry["message"], entry.get("logStreamName")
    time = micros(moment)
    if time is None:
        shown = moment if isinstance(moment, int | float) else "no number"
        return misfit(f"timestamp is {shown}: {RULE}")
    if isinstance(stream, str) and stream:
        if stream not in streams:
            streams[stream] = replace(source, log_stream=stream)
        source = streams[stream]
    if not isinstance(message, str):
        try:
            message = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            return misfit("message is nested too deep")
    id = entry.get("eventId")
    return _Event(source, _shown(message), time, id if isinstance(id, str) and id else None)


def _shown(text: str) -> str:
    """The text with bytes that are no UTF-8, and lone surrogates, written as escapes."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def _lines(data: bytes, start: int) -> Iterator[str]:
    """The lines without their ends, decoded a chunk at a time."""
    while start < len(data):
        end = data.rfind(b"\n", start, start + _CHUNK) + 1 or data.find(b"\n", start) + 1 or len(data)
        chunk = data[start:end].decode("utf-8", "backslashreplace")
        for line in chunk.removesuffix("\n").split("\n"):
            yield line.removesuffix("\r")
        start = end


# A key of an export task: prefix/task id/stream/000000.gz
_EXPORT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/[^/]+/\d{6}(?:\.gz)?$")
_EXPORTED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ")


# … and what shows without it that the time was put before a message, and does not just begin it
_UNMISTAKABLE = re.compile(
    _EXPORTED.pattern
    + r"(?:\{|(?:START|END|REPORT) RequestId: |INIT_START |\[[A-Z]+\]\t|\d{4}-\d\d-\d\d[T ])"
)


def _exported(lines: Iterator[str], source: Source) -> Iterator[_Event]:
    for text in _joined(lines, lambda line: not _EXPORTED.match(line)):
        stamp = _EXPORTED.match(text)
        time = micros(stamp[1]) if stamp else None
        if text.strip():
            yield _Event(source, text[stamp.end() :] if stamp and time else text, time)


_CONTROL = "Enable AccessLog for ELB: "
_COMMENT = re.compile(r"#(?:Version|Software|Date|Start-Date|End-Date|Remark|(Fields)): ?")


def _logged(lines: Iterator[str], source: Source) -> Iterator[_Item]:
    """The events of a file of lines; a header goes into their source."""
    first = next(lines, "")
    if first.startswith(_CONTROL):
        yield None
        first = next(lines, "")
    header = tuple(first.split()) if len(first) < _WIDEST else ()
    if len(header) > 2 and access_log.declared(header):
        source = replace(source, header=header)
        lines = (line for line in lines if line != first)  # files put together repeat it
    else:
        lines = chain([first], lines)
    for text in _joined(lines, _Continuation()):
        comment = _COMMENT.match(text)
        if not comment:
            if text.strip():
                yield _Event(source, text.rstrip("\n"))
        elif comment[1]:
            source = replace(source, header=tuple(text[comment.end() :].split()))


_WIDEST = 4096  # characters of a line that may be a header


def _joined(lines: Iterator[str], continues: Callable[[str], bool]) -> Iterator[str]:
    """Each line with those that continue it."""
    parts: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if continues(line) and parts and size <= _LONGEST:
            parts.append(line)
        else:
            if parts:
                yield "\n".join(parts)
            parts, size = [line], len(line)
    if parts:
        yield "\n".join(parts)


_TRACEBACK = "Traceback (most recent call last)"
_CLASS = re.compile(r"[A-Za-z_][\w.]{0,199}(?::|$)")
# Indented, empty, the end of pretty-printed JSON, or the class with which a Java stack trace begins
_CONTINUED = re.compile(
    r"[ \t]|$|[\]})]{1,9}[,;]?$|Caused by: |During handling of the above exc|The above exception was the dir"
    r"|(?:[a-z_]\w{0,60}\.){1,12}[A-Z][\w$]{0,80}(?:Exception|Error)(?::|$)"
)


class _Continuation:
    """Whether a line belongs to the event before it."""

    def __init__(self) -> None:
        self.inside = False  # a Python traceback, whose last line is not indented

    def __call__(self, line: str) -> bool:
        if line.startswith(_TRACEBACK):
            self.inside = True
            return True
        if _CONTINUED.match(line):
            return True
        last, self.inside = self.inside and bool(_CLASS.match(line)), False
        return last
