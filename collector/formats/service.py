"""The service behind a log group or stream, for messages that do not name their own."""

from __future__ import annotations

import re

from collector.columns import Source

# Log groups as AWS services name them.
_GROUP = re.compile(
    r"/aws/(?:lambda|ecs|codebuild|appsync/apis|vendedlogs/states|states|apprunner)/(?:us-east-1\.)?(?P<name>[^/]+).*"
    r"|/ecs/(?P<task>.+)"
    r"|/aws/(?:rds|docdb)/(?:cluster|instance)/(?P<database>[^/]+)/.*"
    r"|/aws/(?:eks|containerinsights)/(?P<cluster>[^/]+)/.*"
    r"|API-Gateway-Execution-Logs_(?P<api>.+)"
    r"|/aws/(?:api-?gateway|http-api)/(?P<gateway>.+)"
)
# Functions that share a log group are told apart by the stream: 2024/05/01/function[$LATEST]hash.
_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?P<function>[^\[/]+)\[[^\]]+\][0-9a-f]{32}")


def of(source: Source) -> str | None:
    """Function, API, container service or database that writes there; None if the names do not say."""
    found = _GROUP.fullmatch(source.log_group or "") or _STREAM.fullmatch(source.log_stream or "")
    return found[found.lastgroup] if found and found.lastgroup else None
