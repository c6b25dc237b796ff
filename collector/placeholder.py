"""What stands in text where a value was redacted: `<kind:pseudonym>`."""

from __future__ import annotations

import re

PATTERN = r"<[a-z_]+:[0-9a-f]{32}>"  # RE2 reads it too

_AFTER_KEY = re.compile(rf'(?<!\\)(\\*+")(\s*+:\s*+)({PATTERN})(?=\s*+[,}}])')
_IN_ARRAY = re.compile(rf"[\[,]\s*+{PATTERN}")
_STRING_OR_PLACEHOLDER = re.compile(rf'"(?:[^"\\]|\\.)*+(?:"|\Z)|({PATTERN})', re.DOTALL)


def placeholder(kind: str, pseudonym: str) -> str:
    return f"<{kind}:{pseudonym}>"


def quoted(text: str) -> str:
    """JSON that stays JSON: quotes around the placeholders that stand where a number stood.

    In JSON within a string the quotes are escaped as those of the key are.
    """
    if not text.startswith(("{", "[")):
        return text
    text = _AFTER_KEY.sub(r"\1\2\1\3\1", text)
    if _IN_ARRAY.search(text):
        text = _STRING_OR_PLACEHOLDER.sub(lambda part: f'"{part[1]}"' if part[1] else part[0], text)
    return text
