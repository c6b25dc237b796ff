"""OTLP/HTTP: a request in, an answer out; what is answered with 200 is durable.

opentelemetry.io/docs/specs/otlp, "OTLP/HTTP". No answer shows what was sent, nor where in the code it failed.
"""

from __future__ import annotations

import gzip
import hmac
import io
import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from collector.decode import Misfit, Unreadable
from collector.envelope import Delivery
from collector.handler import Collector
from collector.otlp import decode
from collector.otlp.request import KINDS, Kind
from collector.signals import Signals

_log = logging.getLogger(__name__)

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_RETRY_AFTER = "5"  # seconds

# google.rpc.Code of what can be wrong.
_CODES = {400: 3, 401: 16, 404: 5, 405: 12, 413: 8, 415: 3, 503: 14}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """The request is answered with this status and message."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Intake:
    """Stores what requests hold with a collector.

    `token` yields the bearer token that a request must carry; None lets everyone in, for where something else
    guards the door. `limit` is the most bytes a request may have, unpacked.
    """

    collector: Collector
    token: Callable[[], bytes] | None
    limit: int

    def __call__(self, request: Request) -> Response:
        """Never raises: an error is an answer."""
        encoding = _media_type(request)
        try:
            kind = self._kind(request)
            return _answer(200, self._stored(kind, request), encoding)
        except Refused as refusal:
            status = Status(code=_CODES[refusal.status], message=str(refusal))
            return _answer(refusal.status, status, encoding, refusal.headers)

    def _kind(self, request: Request) -> Kind:
        """Raises Refused unless the request may enter."""
        self._admit(request)
        kind = KINDS.get(request.path.removeprefix("/v1/"))  # type: ignore[call-overload]
        if kind is None or not request.path.startswith("/v1/"):
            raise Refused(404, f"there are {', '.join(f'/v1/{name}' for name in KINDS)}")
        if request.method != "POST":
            raise Refused(405, "requests are sent with POST", Allow="POST")
        if _media_type(request) not in (_PROTOBUF, _JSON):
            raise Refused(415, f"Content-Type must be {_PROTOBUF} or {_JSON}")
        found: Kind = kind
        return found

    def _admit(self, request: Request) -> None:
        if self.token is None:
            return
        try:
            token = self.token()
        except Exception as error:  # noqa: BLE001 - wherever it is kept, it cannot be had now
            raise _unavailable(error) from None
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given_bytes = given.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given_bytes, token):
            raise Refused(401, "a valid bearer token is needed", WWW_Authenticate="Bearer")

    def _stored(self, kind: Kind, request: Request) -> Message:
        """What the response says. Raises Refused."""
        body = self._unpacked(request)
        signals, delivery = self._read(kind, body, _media_type(request))
        try:
            accounting = self.collector.record("otlp", signals, delivery)
        except Exception as error:  # noqa: BLE001 - the store's or a key's, whatever they raise
            raise _unavailable(error) from None
        response = kind.response()
        if rejected := accounting.quarantined:
            setattr(response.partial_success, kind.rejected, rejected)
            response.partial_success.error_message = f"{rejected} could not be read and went into quarantine"
        return response

    def _unpacked(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", ""):
            raise Refused(415, "Content-Encoding must be gzip or identity")
        try:
            body = _gunzipped(request.body, self.limit) if encoding == "gzip" else request.body
        except (OSError, EOFError, zlib.error):
            raise Refused(400, "the body is not gzip, or damaged") from None
        if len(body) > self.limit:
            raise Refused(413, f"the body has more than {self.limit} bytes")
        return body

    def _read(self, kind: Kind, body: bytes, encoding: str) -> tuple[list[Signals], Delivery]:
        """What the body holds, and how to read it again."""
        names = self.collector.shaper.fields
        delivery = Delivery(body, stream=decode.STREAM + kind.signal if encoding == _PROTOBUF else None)
        try:
            if encoding == _PROTOBUF:
                return decode.protobuf(kind, body, names), delivery
            return decode.json(kind, _object(body), names), delivery
        except Unreadable as error:
            raise Refused(400, str(error)) from None
        except Exception as error:  # noqa: BLE001 - what nobody foresaw is kept, to be read again one day
            reason = f"{type(error).__name__} while reading"
            return [Signals(kind.table, misfits=[Misfit(body, reason, None)])], delivery


def _object(body: bytes) -> Any:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise Unreadable("the body is not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("the body must be an object of JSON")
    return value


def _gunzipped(data: bytes, limit: int) -> bytes:
    """The first `limit` bytes, and one more if there are any."""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return file.read(limit + 1)


def _unavailable(error: Exception) -> Refused:
    _log.error('{"message": "otlp request not stored", "error": "%s"}', type(error).__name__)
    return Refused(503, "nothing can be stored now: send it again", Retry_After=_RETRY_AFTER)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _answer(
    status: int, message: Message, encoding: str, headers: Mapping[str, str] | None = None
) -> Response:
    """In the encoding of the request, or else in JSON."""
    protobuf = encoding == _PROTOBUF
    body = message.SerializeToString() if protobuf else MessageToJson(message, indent=None).encode()
    return Response(status, {"Content-Type": _PROTOBUF if protobuf else _JSON, **(headers or {})}, body)
