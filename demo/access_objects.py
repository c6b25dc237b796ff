"""Access logs as S3 objects: where AWS puts them, and what is in them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from demo.access_logs import CLOUDFRONT_FIELDS, DISTRIBUTION, LOAD_BALANCER
from demo.logs import AccessLog, Line
from demo.regions import ACCOUNT
from demo.requests import moment
from demo.text import iso


@dataclass(frozen=True, slots=True)
class AccessObject:
    """One object; `controls` is 1 for one that AWS writes only to see whether it may."""

    region: str
    bucket: str
    key: str
    content: bytes
    log_events: int = 0
    controls: int = 0


def trial_object(log: AccessLog, time: float) -> AccessObject:
    """What a load balancer writes once, when its access log is enabled."""
    text = f"Enable AccessLog for ELB: {LOAD_BALANCER} at {iso(time)}"
    return AccessObject(
        log.region, _bucket(log), f"AWSLogs/{ACCOUNT}/ELBAccessLogTestFile", text.encode(), controls=1
    )


def access_object(log: AccessLog, lines: Sequence[Line], end: float) -> AccessObject:
    """The lines of the interval that ended, compressed."""
    header = ["#Version: 1.0", f"#Fields: {CLOUDFRONT_FIELDS}"] if log.kind == "cloudfront" else []
    text = "".join(f"{line}\n" for line in (*header, *(line.message for line in lines)))
    content = gzip.compress(text.encode(), 6, mtime=0)
    return AccessObject(log.region, _bucket(log), _key(log, content, end), content, log_events=len(lines))


def _bucket(log: AccessLog) -> str:
    return "shop-cdn-logs" if log.kind == "cloudfront" else f"shop-alb-logs-{log.region}"


def _key(log: AccessLog, content: bytes, end: float) -> str:
    unique, time = hashlib.md5(content, usedforsecurity=False).hexdigest()[:8], moment(end)
    if log.kind == "cloudfront":
        return f"{DISTRIBUTION}.{time:%Y-%m-%d-%H}.{unique}.gz"
    name = LOAD_BALANCER.replace("/", ".")
    return (
        f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{log.region}/{time:%Y/%m/%d}/"
        f"{ACCOUNT}_elasticloadbalancing_{log.region}_{name}_{time:%Y%m%dT%H%MZ}_192.0.2.10_{unique}.log.gz"
    )
