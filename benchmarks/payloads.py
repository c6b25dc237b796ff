"""The payloads of a seeded, made-up shop: what CloudWatch Logs puts into one batch of a Kinesis stream."""

from __future__ import annotations

import base64
import gzip
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

REGION = "eu-west-1"
BATCH = 6_000_000  # bytes of an event, the most that Lambda takes from Kinesis at once

_ACCOUNT = "123456789012"
_START = 1_714_521_600_000  # 2024-05-01T00:00:00Z
_USERS = 5_000
_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
_REQUESTS = 10  # of one log stream in one CloudWatch Logs document

_TRACEBACK = """[ERROR] {error}: {message}
Traceback (most recent call last):
  File "/var/task/orders/handler.py", line 57, in handler
    return app.resolve(event, context)
  File "/var/task/aws_lambda_powertools/event_handler/api_gateway.py", line 1902, in resolve
    response = self._resolve().build(self.current_event, self._cors)
  File "/var/task/orders/service.py", line 88, in place
    raise {error}("{message}")"""


class Shop:
    """A shop under load: `request` goes on to the next request, other methods say what is logged of it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.now = _START
        self.mix: Counter[str] = Counter()
        self.request()

    def request(self) -> None:
        draw = self._random.randrange
        self.now += draw(40)
        self.user = int(self._random.betavariate(0.5, 2) * _USERS)  # some users are busier than others
        self.user_id = f"u-{self.user:05}"
        self.ip = f"{20 + self.user % 180}.{self.user % 251}.{self.user % 241}.{1 + self.user % 239}"
        self.session = str(uuid.uuid5(uuid.NAMESPACE_URL, self.user_id))
        self.id = str(uuid.UUID(int=draw(2**128), version=4))
        self.trace = f"1-{self.now // 1000:08x}-{draw(2**96):024x}"
        self.items, self.price, self.payment = 1 + draw(9), draw(50_000), f"pay_{draw(2**64):016x}"
        self.order, self.took = draw(10**6), draw(20_000) / 100
        self.fails = draw(100) < 3
        self.mails = draw(100) < 60

    def python_function(self) -> Iterator[tuple[str, str]]:
        """AWS Powertools between platform logs in text."""
        yield "START text", f"START RequestId: {self.id} Version: $LATEST\n"
        for message, fields in self._steps():
            yield "Powertools JSON", self._powertools("INFO", message, **fields)
        if self.fails:
            error = f"order {self.order} was changed by another region"
            yield "Python traceback", _TRACEBACK.format(error="ConflictError", message=error)
        yield "END text", f"END RequestId: {self.id}\n"
        yield (
            "REPORT text",
            f"REPORT RequestId: {self.id}\tDuration: {self.took} ms\t"
            f"Billed Duration: {int(self.took) + 1} ms\tMemory Size: 512 MB\tMax Memory Used: 98 MB\t\n",
        )

    def _steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield f"order {self.order} received", {"http": {"method": "POST", "path": f"/orders/{self.order}"}}
        yield "cart loaded", {"items": self.items, "table": "shop-carts", "consumed_capacity": self.items / 2}
        yield (
            "payment authorised",
            {"amount_cents": self.price, "currency": "EUR", "payment_id": self.payment},
        )
        yield f"order {self.order} written", {"aurora_writer": REGION, "duration_ms": self.took}
        if self.mails:
            yield f"confirmation sent to customer{self.user}@example.com", {"template": "order-confirmation"}

    def node_function(self) -> Iterator[tuple[str, str]]:
        """pino and pino-http between platform logs in JSON."""
        yield "platform JSON", self._platform("platform.start", version="$LATEST")
        yield "pino JSON", self._pino(30, "session found", sessionVersion=self.items, cache="hit")
        yield "pino JSON", self._pino(30, "profile read", table="shop-profiles", took=self.took)
        yield (
            "pino JSON",
            self._pino(
                50 if self.fails else 30,
                "request errored" if self.fails else "request completed",
                req={
                    "id": self.id,
                    "method": "GET",
                    "url": f"/users/{self.user_id}/orders/{self.order}",
                    "headers": {"host": "api.shop.example", "user-agent": _AGENT, "x-forwarded-for": self.ip},
                },
                res={
                    "statusCode": 502 if self.fails else 200,
                    "headers": {"content-type": "application/json"},
                },
                responseTime=self.took,
            ),
        )
        metrics = {"durationMs": self.took, "billedDurationMs": int(self.took) + 1, "memorySizeMB": 512}
        yield "platform JSON", self._platform("platform.report", status="success", metrics=metrics)

    def gateway(self) -> Iterator[tuple[str, str]]:
        """Access logs of an API Gateway stage."""
        yield "API Gateway access log", _json(
            requestId=self.id, ip=self.ip, requestTime=self._time(), httpMethod="POST",
            routeKey="POST /orders", path=f"/prod/orders/{self.order}", protocol="HTTP/1.1",
            status="502" if self.fails else "200",
            responseLength="183", responseLatency=f"{self.took:.0f}", integrationLatency=f"{self.took:.0f}",
            xrayTraceId=self.trace, userAgent=_AGENT, user_id=self.user_id,
        )  # fmt: skip

    def _time(self) -> str:
        return datetime.fromtimestamp(self.now / 1000, UTC).isoformat(timespec="milliseconds")

    def _powertools(self, level: str, message: str, **fields: Any) -> str:
        return _json(
            level=level, location="place:88", message=message, timestamp=self._time(), service="orders",
            cold_start=False, function_name="shop-orders", function_memory_size="512",
            function_arn=f"arn:aws:lambda:{REGION}:{_ACCOUNT}:function:shop-orders",
            function_request_id=self.id, correlation_id=self.id, user_id=self.user_id,
            session_id=self.session, xray_trace_id=self.trace, **fields,
        )  # fmt: skip

    def _pino(self, level: int, message: str, **fields: Any) -> str:
        return _json(
            level=level, time=self.now, name="shop-web", reqId=self.id,
            trace_id=self.trace, user={"id": self.user_id}, sessionId=self.session, msg=message, **fields,
        )  # fmt: skip

    def _platform(self, type: str, **record: Any) -> str:
        return _json(time=self._time(), type=type, record={"requestId": self.id, **record})


def batch(seed: int, size: int = BATCH) -> tuple[dict[str, Any], Counter[str]]:
    """A Kinesis event of about `size` bytes, and how many log events of each kind it holds."""
    shop = Shop(seed)
    groups: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
        "/aws/lambda/shop-orders": shop.python_function,
        "/aws/lambda/shop-web": shop.node_function,
        "/aws/apigateway/shop": shop.gateway,
    }
    records: list[dict[str, Any]] = []
    while size > 0:
        for group, logged in groups.items():
            data = base64.b64encode(gzip.compress(_document(shop, group, logged), 6)).decode()
            records.append(_record(len(records), data))
            size -= len(data) + 500
    return {"Records": records}, shop.mix


def _document(shop: Shop, group: str, logged: Callable[[], Iterator[tuple[str, str]]]) -> bytes:
    events: list[dict[str, Any]] = []
    for _ in range(_REQUESTS):
        shop.request()
        for kind, message in logged():
            shop.mix[kind] += 1
            id = f"{shop.now * 10**40 + shop.mix.total():056}"
            events.append({"id": id, "timestamp": shop.now, "message": message})
    return orjson.dumps(
        {
            "messageType": "DATA_MESSAGE",
            "owner": _ACCOUNT,
            "logGroup": group,
            "logStream": "2024/05/01/[$LATEST]0123456789abcdef0123456789abcdef",
            "subscriptionFilters": ["regionscope"],
            "logEvents": events,
        }
    )


def _record(number: int, data: str) -> dict[str, Any]:
    shard = "shardId-000000000000"
    sequence = f"4954115{number:049}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"{number:032x}",
            "sequenceNumber": sequence,
            "data": data,
            "approximateArrivalTimestamp": _START / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{_ACCOUNT}:role/regionscope",
        "awsRegion": REGION,
        "eventSourceARN": f"arn:aws:kinesis:{REGION}:{_ACCOUNT}:stream/logs",
    }


def _json(**fields: Any) -> str:
    return orjson.dumps(fields).decode()
