"""Fingerprints: the same for messages that differ only in values, in every region, process and order.

Hence values are masked by fixed rules. A template miner that learns (drain3: 137,000 messages/s) numbers its
clusters in the order it meets them, so its numbers mean nothing in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.placeholder import PATTERN
from collector.texts import arrow, lengths

_READ = 4000  # characters at either end that are masked
_KEPT = 1000  # masked characters at either end that count: the message, and where a stack begins and ends

_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"

# What is a value, in RE2: the first alternative that matches. A redacted value counts as a clear one does.
_VALUE = "|".join(
    (
        rf"[Bb]earer (?:{PATTERN}|[\w.~+/=-]+)",
        PATTERN,
        r"""["']: ?["'][^"']*["']""",  # of a field in JSON, or in a dict of Python
        r"""=["'][^"']*["']""",
        r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",  # e-mail address
        r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?",  # JWT
        r"\bA[KS]IA[A-Z\d]{16}\b",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b",  # IBAN
        r"\b[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}\b",  # UUID
        r"(?:\b[\dA-Fa-f]{1,4})?:(?::[\dA-Fa-f]{1,4}|(?:[\dA-Fa-f]{1,4}:){3,7})[\dA-Fa-f:]*",  # IPv6
        r"\b[A-Za-z\d]+(?:[-|][A-Za-z\d]+)*[-|][A-Za-z]*\d[\w|-]*",  # u-42, us-east-1, auth0|5f7c8ec7
        r"[-+(#$]*\b\d\w*",
        r"\b[A-Fa-f]+\d[\dA-Fa-f]*\b",
        r"\b[A-Za-z]+\d+[A-Za-z]+\d\w*",
        r"\d+",
        rf"\b(?:{_DAYS}|{_MONTHS})\b",
    )
)
_ROW = r"\*(?:[\s.,:;/+()\[\]-]*\*)+"  # values side by side: a date, a list, groups of digits


def fingerprints(
    templates: Sequence[str | None] | pa.StringArray, error_types: Sequence[str | None] | pa.StringArray
) -> pa.StringArray:
    """16 hex digits for each message and the type of its error."""
    told, errors = (arrow(texts).fill_null("").dictionary_encode() for texts in (templates, error_types))
    masked = _masked(told.dictionary).dictionary_encode()
    # Few kinds recur: each is a pair of a masked template and an error.
    kinds = masked.indices.to_numpy().take(told.indices.to_numpy()) * len(errors.dictionary)
    found, kind = np.unique(kinds + errors.indices.to_numpy(), return_inverse=True)
    texts, names = masked.dictionary.to_pylist(), errors.dictionary.to_pylist()
    pairs = (divmod(each, len(names)) for each in found.tolist())
    return arrow([_digest(texts[text], names[error]) for text, error in pairs]).take(pa.array(kind))


def _digest(masked: str, error_type: str) -> str:
    text = f"{_ends(masked, _KEPT)}\n{error_type}"
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _ends(text: str, size: int) -> str:
    return text if len(text) <= 2 * size else f"{text[:size]}\n{text[-size:]}"


def _masked(templates: pa.StringArray) -> pa.StringArray:
    if lengths(templates).max(initial=0) > 2 * _READ:
        templates = arrow([_ends(text, _READ) for text in templates.to_pylist()])
    words = pc.replace_substring(templates, "_", "-")
    values = pc.replace_substring_regex(words, _VALUE, "*")
    return pc.replace_substring_regex(values, _ROW, "*")
