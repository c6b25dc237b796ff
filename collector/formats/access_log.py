"""Line-based logs of AWS services: ALB, CLB, NLB, CloudFront, VPC flow, Route 53, S3 and CLF access logs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats import access_dialects as known
from collector.formats.block import Reading, readable
from collector.formats.dialect import Dialect

Record = dict[str, Any]

# A quoted field (or a list of them), a bracketed one (a CLF time, an IPv6 address with its port), or a word.
# The bound on brackets keeps hostile lines linear.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"(?:,"[^"]*")*+(?=\s|$)|\[[^\[\]]{0,64}\]\S*|\S+', re.DOTALL)


def _words(line: str) -> list[str]:
    """The fields of a line without their quotes and brackets."""
    if "[" in line or '\\"' in line or '","' in line:
        return [_bare(token) if token[0] in '"[' else token for token in _TOKEN.findall(line)]
    words: list[str] = []
    quoted = False
    for piece in line.split('"'):
        words += [piece] if quoted else piece.split()
        quoted = not quoted
    return words


def _bare(token: str) -> str:
    return token[1:-1].replace('","', ",") if token[-1] in '"]' and len(token) > 1 else token


_CLF = re.compile(r'(\S+) (\S+) (\S+) \[([^\]]*)\] "([^"]*)" (\S+) (\S+)')


def _common(line: str) -> list[str]:
    """The words of a CLF line; most of them are always the same seven."""
    head = _CLF.match(line)
    return [*head.groups(), *_words(line[head.end() :])] if head else []


def _tabbed(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The fields of a kind of line, in their order. A line may have fewer, down to `least`, or more.

    A field that is `-` is not there. `derived` replaces fields or adds some.
    """

    fields: tuple[str, ...]
    dialect: Dialect
    least: int
    split: Callable[[str], list[str]] = _words
    derived: Callable[[Record], None] = lambda record: None

    def __call__(
        self, rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
    ) -> Reading:
        """Blocks of the lines that have enough fields; whatever else is unread."""
        return readable(rows, [self._record(messages[row]) for row in rows], lambda keys: self.dialect)

    def _record(self, line: str) -> Record | None:
        values = self.split(line)
        if len(values) < self.least:
            return None
        record = {name: value for name, value in zip(self.fields, values, strict=False) if value != "-"}
        self.derived(record)
        return record


def _with_request(record: Record) -> None:
    """Take `GET https://host:443/path?query HTTP/1.1` apart; the target may contain spaces."""
    method, _, rest = record.pop("request", "").partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not target or method == "-":
        return
    record["http.request.method"] = method
    scheme, absolute, after = target.partition("://")
    if absolute:
        record["url.scheme"] = scheme
        target = "/" + after.partition("/")[2]
    record["url.path"], _, query = target.partition("?")
    if query:
        record["url.query"] = query
    record["network.protocol.version"] = protocol.partition("/")[2]


def _with_client(record: Record) -> None:
    address, _, record["client.port"] = record.pop("client:port", "").rpartition(":")
    record["client.address"] = address.strip("[]")


def _with_balancer(record: Record) -> None:
    """The name in `app/my-loadbalancer/50dc6c495c0c9188`; a classic load balancer has nothing around it."""
    parts = record.get("elb", "").split("/")
    record["service"] = parts[1] if len(parts) > 1 else parts[0]


def _total(steps: list[str | None]) -> float | None:
    """Milliseconds of all steps together; unknown if any was not reached, which is written as -1."""
    try:
        seconds = [float(step) for step in steps if step is not None]
    except ValueError:
        return None
    known = len(seconds) == len(steps) and min(seconds) >= 0 and sum(seconds) < 1e9
    return round(sum(seconds) * 1000, 3) if known else None


def _elb(record: Record) -> None:
    target = "target" if "target_processing_time" in record else "backend"
    total = _total([record.get(f"{step}_processing_time") for step in ("request", target, "response")])
    if total is not None:
        record["duration_ms"] = total
    _nlb(record)
    _with_request(record)


def _nlb(record: Record) -> None:
    _with_balancer(record)
    _with_client(record)


def _cloudfront(record: Record) -> None:
    if "date" in record and "time" in record:
        record["timestamp"] = f"{record.pop('date')}T{record.pop('time')}Z"
    agent = record.get("cs(User-Agent)")
    if agent:  # CloudFront encodes it
        record["cs(User-Agent)"] = unquote(agent)


ALB = Layout(known.ALB_FIELDS, known.ELB, least=13, derived=_elb)
CLB = Layout(known.CLB_FIELDS, known.ELB, least=12, derived=_elb)
NLB = Layout(known.NLB_FIELDS, known.NLB, least=11, derived=_nlb)
CLOUDFRONT = Layout(known.CLOUDFRONT_FIELDS, known.CLOUDFRONT, 9, _tabbed, _cloudfront)
VPC_FLOW = Layout(known.VPC_FLOW_FIELDS, known.VPC_FLOW, least=14, split=str.split)
ROUTE53 = Layout(known.ROUTE53_FIELDS, known.ROUTE53, least=9, split=str.split)
S3 = Layout(known.S3_FIELDS, known.S3, least=10, derived=_with_request)
GATEWAY_CLF = Layout(known.GATEWAY_CLF_FIELDS, known.CLF, 7, _common, _with_request)
COMBINED = Layout(known.COMBINED_FIELDS, known.CLF, 7, _common, _with_request)


@lru_cache(maxsize=64)
def declared(header: tuple[str, ...]) -> Layout | None:
    """The layout a file declares in its header; None if it is neither CloudFront's nor a VPC flow log's."""
    layout = CLOUDFRONT if any(name.startswith("x-edge-") for name in header) else None
    if known.VPC_FLOW_NAMES.issuperset(header):
        layout = VPC_FLOW
    return replace(layout, fields=header, least=len(header)) if layout and header else None
