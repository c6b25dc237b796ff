"""The intake behind AWS: events of a Lambda Function URL and of API Gateway, and the answers they want."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from collector.otlp.intake import Intake, Request


def answer(intake: Intake, event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer an event of a Function URL or of API Gateway, HTTP (payload 2.0) or REST (1.0).

    Where the intake asks for no token, IAM must have let the caller in; else nobody is.
    """
    if intake.token is None and not _signed(event):
        intake = replace(intake, token=partial(secrets.token_bytes, 32))
    response = intake(_request(event))
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": base64.b64encode(response.body).decode(),
        "isBase64Encoded": True,
    }


def _request(event: Mapping[str, Any]) -> Request:
    context = event.get("requestContext") or {}
    http = context.get("http") or {}  # payload 2.0
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    path = str(event.get("rawPath") or event.get("path") or "/").removeprefix(f"/{context.get('stage')}/")
    return Request(
        method=str(http.get("method") or event.get("httpMethod") or ""),
        path="/" + path.lstrip("/"),
        headers=headers,
        body=_body(event),
    )


def _body(event: Mapping[str, Any]) -> bytes:
    body = str(event.get("body") or "")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "backslashreplace")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        return body.encode("utf-8", "backslashreplace")  # the intake says what is wrong with it


def _signed(event: Mapping[str, Any]) -> bool:
    """Whether IAM checked the caller's signature (SigV4): then the event names the caller."""
    context = event.get("requestContext") or {}
    by_url = (context.get("authorizer") or {}).get("iam")
    by_rest = (context.get("identity") or {}).get("userArn")
    return bool(by_url or by_rest)
