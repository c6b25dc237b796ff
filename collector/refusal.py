"""AWS refusing a call or not answering it, after botocore's own retries."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

REFUSALS = (ClientError, BotoCoreError, ResponseParserError)


def member(answer: dict[str, Any], name: str) -> Any:
    """What every whole answer holds. Raises ResponseParserError: botocore lets half an answer pass."""
    if name not in answer:
        raise ResponseParserError(f"{name} is missing in the answer")
    return answer[name]


def reason(error: Exception) -> str:
    """AWS's code for it, or what kind of error of the network it is."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__
