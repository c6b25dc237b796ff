"""What messages say: each format reads its own into blocks of fields, the fields are placed into columns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow.compute as pc

from collector.columns import Parsed, Source, runs
from collector.fields import FieldMap
from collector.formats import access_log, execution_log, json_log, lambda_text, logfmt, plain, service
from collector.formats.block import Reading
from collector.formats.mentions import name_people
from collector.formats.placing import gather, place
from collector.texts import arrow, spread

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
    blocks = json_log.alike(arrow(messages), fields)
    rest = np.ones(len(messages), np.bool_)
    for block in blocks:
        rest[block.rows] = False
    text: list[int] = []
    for reader, rows in _by_reader(np.flatnonzero(rest).tolist(), messages, sources).items():
        reading = reader(rows, messages, sources, fields)
        blocks += reading.blocks
        text += reading.unread
    blocks += plain.read(text, messages, sources, fields).blocks
    parsed = gather([part for block in blocks for part in place(block, fields)], len(messages))
    _name_services(parsed, sources)
    name_people(parsed, fields)
    return parsed


def _recognise(message: str) -> Reader:
    """The reader of the format a message seems to be in, by how it begins."""
    if message.lstrip()[:1] == "{":
        return json_log.read
    beginning = _BEGINNING.match(message)
    return _READERS[beginning.lastgroup] if beginning and beginning.lastgroup else plain.read


def _by_reader(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source]
) -> dict[Reader, list[int]]:
    groups: dict[Reader, list[int]] = defaultdict(list)
    headed = any(source.header for source, _, _ in runs(sources))
    for row in rows:
        message = messages[row]
        header = (headed and message[:1] != "{" and sources[row].header) or ()
        groups[access_log.declared(header) or _recognise(message)].append(row)
    return groups


def _name_services(parsed: Parsed, sources: Sequence[Source]) -> None:
    found = [(service.of(source), end) for source, _, end in runs(sources)]
    names = spread([name for name, _ in found], [end for _, end in found])
    parsed.service = pc.coalesce(parsed.service, names)
