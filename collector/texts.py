"""Texts as an Arrow column, for the regular expressions of RE2 that work on whole columns in linear time."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa


def arrow(texts: Sequence[str]) -> pa.StringArray:
    """The texts, with "?" for lone surrogates: Arrow holds UTF-8, which has no such thing."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.string())
