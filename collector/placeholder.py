"""What stands in text where a value was redacted: `<kind:pseudonym>`."""

from __future__ import annotations

import re

PATTERN = r"<[a-z_]+:[0-9a-f]{32}>"  # RE2 reads it too

_STRING_OR_PLACEHOLDER = re.compile(rf'"(?:[^"\\]|\\.)*+(?:"|\Z)|({PATTERN})', re.DOTALL)


def placeholder(kind: str, pseudonym: str) -> str:
    return f"<{kind}:{pseudonym}>"


def quoted(text: str) -> str:
    """JSON text with quotes around the placeholders that stand where a number stood, so that it stays JSON."""
    if not text.startswith(("{", "[")):
        return text
    return _STRING_OR_PLACEHOLDER.sub(lambda part: f'"{part[1]}"' if part[1] else part[0], text)
