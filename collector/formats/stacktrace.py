"""The class of the error a text tells of, from a traceback of Python, Node, Java or .NET or from its head."""

from __future__ import annotations

import re

TIMED_OUT = "Sandbox.Timedout"  # the errorType AWS Lambda gives an invocation that timed out
_EXITED = "Runtime.ExitError"  # … and one whose process ended

_CLASS = r"[A-Za-z_$][\w.$]{0,199}"
_NAMED = r"(?:[A-Za-z_$][\w.$]{0,180})?(?:Error|Exception|Interrupt|Fault|Throwable|Panic)"

_PYTHON = "Traceback (most recent call last)"
# Lambda's Python runtime ends the lines of a traceback with \r and indents them with U+00A0.
_LAST_LINE = re.compile(rf"[\r\n]({_CLASS})(?::|[\r\n]|$)")
_HEAD = re.compile(rf"(?:Uncaught |Unhandled )?({_NAMED})(?::|\s{{0,8}}$|[\r\n])")
_THROWN = re.compile(rf'Exception in thread "[^"]{{0,200}}" ({_CLASS})')
_ABOVE_FRAMES = re.compile(rf"^(?:[^\n:]{{0,200}}: )?({_NAMED})(?::[^\n]*)?\r?\n\s{{1,8}}at ", re.MULTILINE)
_STRUCTURED = re.compile(r'"exc_type":"([^"]{1,200})"')  # structlog's dict_tracebacks
_CODE = re.compile(r"\b((?:Runtime|Sandbox|Extension|Function)\.\w{1,60})\s*$")
_ENOUGH = 65_536  # characters looked at: a class is named at the head or under the last traceback


def error_type(text: str) -> str | None:
    """The class of the error, or None if the text tells of none. Looks at a bounded part of the text."""
    if text.startswith('[{"'):
        structured = _STRUCTURED.search(text, 0, _ENOUGH)
        return structured[1] if structured else None
    traceback = text.rfind(_PYTHON)
    if traceback >= 0:
        head = _HEAD.match(text)
        last = _LAST_LINE.search(text, traceback, traceback + _ENOUGH)
        return last[1] if last else head[1] if head else None
    head = _HEAD.match(text) or _THROWN.match(text)
    if head:
        return head[1]
    if "\n" in text and "at " in text:
        above = _ABOVE_FRAMES.search(text, 0, _ENOUGH)
        return above[1] if above else None
    return None


def runtime_error(text: str) -> str:
    """The error type of a line in which the Lambda service tells how an invocation ended."""
    code = _CODE.search(text[-_ENOUGH:])
    if code:
        return code[1]
    return TIMED_OUT if "timed out" in text else _EXITED
