"""The id of a user or a session as it occurs in text.

A distinctive id (6 digits, or 3 characters of which not all are digits) is replaced wherever it stands as a
whole word. A shorter one, such as 42, only where it is a whole value or key: in quotes, or after `=`, `:` or
`[`. One without any letter or digit, such as -, names nobody and stays in the text.
"""

from __future__ import annotations

import json
import re
import string
from urllib.parse import quote

from collector.placeholder import PATTERN, placeholder, quoted

_WORD = frozenset(string.ascii_letters + string.digits + "_")
_NO_STRING = re.compile(r"-?\d+(?:\.\d+)?|true|false|null", re.ASCII)  # what JSON writes without quotes
_SAME_EVERYWHERE = re.compile(r"[\w.~-]*", re.ASCII)  # no encoder touches these characters
_AFTER_ESCAPE = re.compile(r"(?:\\[nrt]|\\u[\dA-Fa-f]{4}|%[\dA-Fa-f]{2})\Z", re.ASCII)
_AFTER_LABEL = re.compile(r"""(?:\A|["'=\[]|(?:\A|[^0-9]):\s?)\Z""")
_VALUE_ENDS = "\"',;&)]} \t\r\n\\"
_PLACEHOLDER = re.compile(PATTERN)


class Identity:
    """One id, its pseudonym, and how to put `<kind:pseudonym>` in its place."""

    __slots__ = (
        "_distinctive",
        "_encoded",
        "_named",
        "_no_string",
        "_placeholder",
        "_quoted",
        "_quoted_placeholder",
        "_value",
        "pseudonym",
    )

    def __init__(self, kind: str, value: str, pseudonym: str) -> None:
        self.pseudonym = pseudonym
        self._value = value
        self._placeholder = placeholder(kind, pseudonym)
        self._quoted, self._quoted_placeholder = f'"{value}"', f'"{self._placeholder}"'
        self._distinctive = len(value) >= (6 if value.isdigit() else 3)
        self._no_string = bool(_NO_STRING.fullmatch(value))
        self._named = any(map(str.isalnum, value))
        self._encoded = () if _SAME_EVERYWHERE.fullmatch(value) else _encoded(value)

    def cut(self, message: str) -> str | None:
        """The message without this id if it stands in it just once, as a string; else None.

        That is the field the id was read from: an attribute may repeat it, but no other text can hold it.
        """
        if not self._named:
            return message
        without = message.replace(self._quoted, self._quoted_placeholder, 1)
        if without is message or self._value in without or self._may_be_encoded(message):
            return None
        return without

    def text(self, text: str) -> str:
        """The text without this id; JSON stays JSON."""
        if not self._named:
            return text
        replaced = text
        if self._may_be_encoded(text):  # first, for the value may be a part of how it is encoded
            for spelling in self._encoded:
                replaced = self._replace(replaced, spelling)
        if self._value in replaced:
            replaced = self._replace(replaced, self._value)
        return quoted(replaced) if self._no_string and replaced is not text else replaced

    def _may_be_encoded(self, text: str) -> bool:
        return bool(self._encoded) and ("\\" in text or "%" in text)

    def _replace(self, text: str, spelling: str) -> str:
        parts: list[str] = []
        done, at = 0, text.find(spelling)
        while at >= 0:
            end = at + len(spelling)
            if self._stands(text, at, end):
                parts += (text[done:at], self._placeholder)
                done = end
            at = text.find(spelling, max(done, at + 1))
        return "".join((*parts, text[done:])) if parts else text

    def _stands(self, text: str, at: int, end: int) -> bool:
        """Whether the characters from `at` to `end` are the id, rather than a part of something else."""
        if not self._distinctive:
            return text[end : end + 1] in _VALUE_ENDS and bool(_AFTER_LABEL.search(text[max(at - 3, 0) : at]))
        if text[end : end + 1] in _WORD and text[end - 1] in _WORD:
            return False
        before = text[at - 1 : at] if at else ""
        if before in _WORD and text[at] in _WORD:
            return bool(_AFTER_ESCAPE.search(text[max(at - 6, 0) : at]))
        return before != "<" or not _PLACEHOLDER.match(text, at - 1)


def _encoded(value: str) -> tuple[str, ...]:
    """How JSON, JSON within JSON, and URLs write the value where that differs from it; the longest first."""
    ascii = json.dumps(value)[1:-1]
    forms = {json.dumps(value, ensure_ascii=False)[1:-1], ascii, ascii.replace("/", "\\/")}
    for characters in ("<>&", "<>&'=", "<>&'+`"):  # what Go, Gson and .NET escape besides
        forms.add(ascii.translate({ord(each): f"\\u{ord(each):04x}" for each in characters}))
    forms |= {re.sub(r"\\u(....)", lambda code: f"\\u{code[1].upper()}", form) for form in forms}
    forms |= {json.dumps(form)[1:-1] for form in forms}
    urls = {quote(value, safe, errors="replace") for safe in ("", "@", "/:@")}
    forms |= urls | {re.sub("%..", lambda code: code[0].lower(), url) for url in urls}
    return tuple(sorted(forms - {value}, key=len, reverse=True))
