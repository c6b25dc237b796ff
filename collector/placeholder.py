"""What stands in text where a value was redacted: `<kind:pseudonym>`."""

from __future__ import annotations

import re

PATTERN = r"<[a-z_]+:[0-9a-f]{32}>"  # RE2 reads it too

_UNQUOTED = re.compile(rf"[:\[,]\s*+{PATTERN}")
_WITHIN_STRING = re.compile(rf'(?<!\\)(\\++")(\s*+:\s*+)({PATTERN})(?=\s*+[,}}])')
_STRING_OR_PLACEHOLDER = re.compile(rf'"(?:[^"\\]|\\.)*+(?:"|\Z)|({PATTERN})', re.DOTALL)


def placeholder(kind: str, pseudonym: str) -> str:
    return f"<{kind}:{pseudonym}>"


def quoted(text: str) -> str:
    """JSON that stays JSON: quotes around the placeholders that stand where a number stood.

    In JSON within a string the quotes are escaped as those of the key are.
    """
    if not text.startswith(("{", "[")) or not _UNQUOTED.search(text):
        return text
    text = _WITHIN_STRING.sub(r"\1\2\1\3\1", text)
    return _STRING_OR_PLACEHOLDER.sub(lambda part: f'"{part[1]}"' if part[1] else part[0], text)
