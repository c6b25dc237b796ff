"""What messages say: each format reads its own into blocks of fields, the fields are placed into columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from collector.columns import Parsed, Source
from collector.fields import FieldMap
from collector.formats import access_log, execution_log, json_log, lambda_text, logfmt, plain, service
from collector.formats.block import Block, Reading
from collector.formats.mentions import name_people
from collector.formats.placing import gather, place

Reader = Callable[[Sequence[int], Sequence[str], Sequence[Source], FieldMap], Reading]

# Text formats by how a line begins, the first that matches; the reader has the last word.
_BEGINNINGS: dict[str, tuple[str, Reader]] = {
    "lambda_text": (lambda_text.RECOGNISED, lambda_text.read),
    "execution_log": (execution_log.RECOGNISED, execution_log.read),
    "alb": (r"(?:https?|h2|wss?|grpcs?) \d{4}-\d\d-\d\dT", access_log.ALB),
    "nlb": (r"tls \d\.\d \d{4}-\d\d-\d\dT", access_log.NLB),
    "clb": (r"\d{4}-\d\d-\d\dT[\d:.]{8,20}Z \S{1,64} \S{1,64}:\d+ \S{1,64} -?\d", access_log.CLB),
    "cloudfront": (r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t", access_log.CLOUDFRONT),
    "vpc_flow": (r"2 (?:\d{12}|unknown) eni-", access_log.VPC_FLOW),
    "route53": (r"1\.\d \d{4}-\d\d-\d\dT[\d:.]{8,20}Z Z", access_log.ROUTE53),
    "s3": (r"(?:[0-9a-f]{64}|-) \S{3,63} \[\d\d/[A-Z][a-z]{2}/\d{4}:", access_log.S3),
    "logfmt": (logfmt.RECOGNISED, logfmt.read),
}
# API Gateway's CLF and Apache's combined format part after the number of bytes.
_CLF = {"combined": access_log.COMBINED, "gateway_clf": access_log.GATEWAY_CLF}
_CLF_BEGINNING = (
    r"\S{1,64} \S{1,128} \S{1,256} \[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}\] "
    r'"[^"]{0,8192}" (?:\d{3}|-) \S{1,20}(?:(?P<combined> ")|(?P<gateway_clf>))'
)
_BEGINNING = re.compile(
    "|".join([*(f"(?P<{name}>{pattern})" for name, (pattern, _) in _BEGINNINGS.items()), _CLF_BEGINNING])
)
_READERS = {name: reader for name, (_, reader) in _BEGINNINGS.items()} | _CLF


def parse(messages: Sequence[str], sources: Sequence[Source], fields: FieldMap) -> Parsed:
    """What each message says, in the order of the messages. Never raises: the unknown is plain text."""
    blocks: list[Block] = []
    text: list[int] = []
    for reader, rows in _by_reader(messages, sources).items():
        reading = reader(rows, messages, sources, fields)
        blocks += reading.blocks
        text += reading.unread
    blocks += plain.read(text, messages, sources, fields).blocks
    parsed = gather([part for block in blocks for part in place(block, fields)])
    _name_services(parsed, sources)
    name_people(parsed, fields)
    return parsed


def _recognise(message: str) -> Reader:
    """The reader of the format a message seems to be in, by how it begins."""
    if message.lstrip()[:1] == "{":
        return json_log.read
    beginning = _BEGINNING.match(message)
    return _READERS[beginning.lastgroup] if beginning and beginning.lastgroup else plain.read


def _by_reader(messages: Sequence[str], sources: Sequence[Source]) -> dict[Reader, list[int]]:
    json: list[int] = []
    groups: dict[Reader, list[int]] = {json_log.read: json}
    headed = any(source.header for source in {id(source): source for source in sources}.values())
    for row, message in enumerate(messages):
        if message[:1] == "{":
            json.append(row)
        else:
            declared = access_log.declared(sources[row].header or ()) if headed else None
            groups.setdefault(declared or _recognise(message), []).append(row)
    return groups


def _name_services(parsed: Parsed, sources: Sequence[Source]) -> None:
    names: dict[int, str | None] = {}
    for row, name in enumerate(parsed.service):
        if name is None:
            source = sources[row]
            key = id(source)
            if key not in names:
                names[key] = service.of(source)
            parsed.service[row] = names[key]
