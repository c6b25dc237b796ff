"""Trace and span ids: any form a source writes them in becomes the hex of W3C Trace Context."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from collector.texts import characters, lengths, of_matrix

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)  # all zeros is invalid: W3C Trace Context, section 3.2.2.3


def trace_id(text: str) -> str | None:
    """32 lower-case hex digits, or None if the text holds no valid trace id.

    Reads `1-8hex-24hex` (X-Ray), `00-32hex-16hex-2hex` (traceparent), `Root=1-…;Parent=…` in any order
    (X-Amzn-Trace-Id) and plain hex of either case. A decimal id (Datadog) is no W3C trace id.
    """
    try:
        if len(text) == 35:
            version, epoch, unique = text.split("-")
            raw = bytes.fromhex(epoch + unique) if version == "1" and len(epoch) == 8 else b""
        else:
            raw = bytes.fromhex(_digits(text))
    except ValueError:
        return None
    # fromhex() skips spaces, so a text with any comes out too short
    return raw.hex() if len(raw) == 16 and raw != _NO_TRACE else None


# The digit in lower case, 0 for what is no digit of a hexadecimal number.
_DIGIT = np.array(
    [code if (code := ord(chr(each).lower())) in b"0123456789abcdef" else 0 for each in range(256)], "u1"
)
_XRAY = np.r_[2:10, 11:35]  # where X-Ray has the digits


def xray_trace_ids(texts: pa.StringArray) -> pa.StringArray | None:
    """`trace_id` of texts that all are X-Ray's `1-8hex-24hex`, and valid; None if any is not."""
    if (lengths(texts) != 35).any():
        return None
    letters = characters(texts).reshape(-1, 35)
    if (letters[:, :2] != list(b"1-")).any() or (letters[:, 10] != ord("-")).any():
        return None
    digits = _DIGIT.take(letters[:, _XRAY])
    valid = digits.all() and (digits != ord("0")).any(axis=1).all()
    return of_matrix(digits) if valid else None


def _digits(text: str) -> str:
    if len(text) == 32:
        return text
    if len(text) >= 55 and text[2] == text[35] == text[52] == "-":
        return text[3:35]
    root = text.find("Root=1-")
    if root < 0 or text[root + 15 : root + 16] != "-":
        return ""
    return text[root + 7 : root + 15] + text[root + 16 : root + 40]


def span_id(text: str) -> str | None:
    """16 lower-case hex digits, or None if the text is no valid span id."""
    try:
        raw = bytes.fromhex(text) if len(text) == 16 else b""
    except ValueError:
        return None
    return raw.hex() if len(raw) == 8 and raw != _NO_SPAN else None
