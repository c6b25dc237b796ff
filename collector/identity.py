"""The id of a user or a session as it occurs in text.

A distinctive id (3 characters or more with a letter or a sign, or 6 digits) is replaced wherever it stands as a
whole word. A shorter one, such as 42, only where it is a whole value or key: in quotes or after `=`, `:` or `[`.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence
from urllib.parse import quote

from collector.placeholder import PATTERN, placeholder, quoted

_WORD = frozenset(string.ascii_letters + string.digits + "_")
_SAME_EVERYWHERE = re.compile(r"[\w.~-]*", re.ASCII)  # no encoder touches these characters
_AFTER_ESCAPE = re.compile(r"(?:\\[nrt]|\\u00[0-7][\dA-Fa-f]|%[0-7][\dA-Fa-f])\Z", re.ASCII)
_AFTER_LABEL = re.compile(r"""(?:\A|["'=\[]|(?:\A|[^0-9]):\s?)\Z""")
_VALUE_ENDS = "\"',;&)]} \t\r\n\\"
_PLACEHOLDER = re.compile(PATTERN)


def canonical(value: str) -> str:
    """The form in which an id gets its pseudonym: an e-mail address in lower case, as in text; others as they are."""
    return value.lower() if "@" in value else value


class Identity:
    """One id, its pseudonym, and how to put `<kind:pseudonym>` in its place."""

    __slots__ = ("_distinctive", "_encoded", "_number", "_placeholder", "_quoted", "pseudonym", "value")

    def __init__(self, kind: str, value: str, pseudonym: str) -> None:
        self.value = value
        self.pseudonym = pseudonym
        self._placeholder = placeholder(kind, pseudonym)
        self._quoted = f'"{value}"', f'"{self._placeholder}"'
        self._number = value.isdigit()
        self._distinctive = len(value) >= (6 if self._number else 3)
        self._encoded = () if _SAME_EVERYWHERE.fullmatch(value) else _encoded(value)

    def cut(self, message: str) -> str | None:
        """The message without this id if it stands in it just once, as a string; else None.

        That is the field the id was read from: an attribute may repeat it, but no other text can hold it.
        """
        without = message.replace(*self._quoted, 1)
        alone = without is not message and self.value not in without and not self._encoded
        return without if alone else None

    def texts(self, texts: Sequence[str]) -> list[str]:
        return [self.text(text) for text in texts]

    def text(self, text: str) -> str:
        """The text without this id; JSON stays JSON."""
        replaced = self._replace(text, self.value)
        if self._encoded and ("\\" in text or "%" in text):
            for spelling in self._encoded:
                replaced = self._replace(replaced, spelling)
        return quoted(replaced) if self._number and replaced is not text else replaced

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
        if not self._distinctive:
            return text[end : end + 1] in _VALUE_ENDS and bool(_AFTER_LABEL.search(text[max(at - 3, 0) : at]))
        if text[end : end + 1] in _WORD and text[end - 1] in _WORD:
            return False
        before = text[at - 1 : at] if at else ""
        if before in _WORD and text[at] in _WORD:
            return bool(_AFTER_ESCAPE.search(text[max(at - 6, 0) : at]))
        return before != "<" or not _PLACEHOLDER.match(text, at - 1)


def _encoded(value: str) -> tuple[str, ...]:
    """The ways JSON, JSON within JSON, and URLs write the value, where they differ from it."""
    json_forms = {json.dumps(value, ensure_ascii=False)[1:-1]}
    for escaped in ("", "<>&", "<>&'+=`"):  # Python and PHP; Go; Gson and .NET
        text = json.dumps(value)[1:-1].translate(
            {ord(character): f"\\u{ord(character):04x}" for character in escaped}
        )
        json_forms |= {
            text,
            text.replace("/", "\\/"),
            re.sub(r"\\u....", lambda code: "\\u" + code[0][2:].upper(), text),
        }
    forms = json_forms | {json.dumps(form)[1:-1] for form in json_forms}
    for safe in ("", "@", "/:@"):
        url = quote(value, safe=safe)
        forms |= {url, re.sub("%..", lambda code: code[0].lower(), url)}
    return tuple(sorted(forms - {value}, key=len, reverse=True))
