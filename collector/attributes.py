"""Attributes: a nested JSON object as texts under dotted names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Attributes = dict[str, str | None]

_WRITTEN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

DEPTH = 32  # levels of objects that become dotted names; deeper ones become JSON text


def flattened(value: Mapping[str, Any], prefix: str = "") -> Attributes:
    """Every value that is no object, by the names on the way to it, joined with dots.

    A string stands as it is, any other scalar and a list as compact JSON; null stays null. Raises ValueError
    if something is nested too deep to be written at all.
    """
    flat: Attributes = {}
    _flatten(value, prefix, flat, DEPTH)
    return flat


def text(value: Any) -> str | None:
    """One value as an attribute. Raises ValueError as `flattened` does."""
    kind = type(value)
    if kind is str or value is None:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return repr(value)
    try:
        return _WRITTEN.encode(value)
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None


def taken(attributes: Attributes, names: Sequence[str]) -> str | None:
    """The first of these attributes that says something; it is taken out."""
    for name in names:
        if attributes.get(name):
            return attributes.pop(name)
    return None


def _flatten(node: Mapping[str, Any], prefix: str, flat: Attributes, depth: int) -> None:
    for key, value in node.items():
        if isinstance(value, dict) and value and depth:
            _flatten(value, f"{prefix}{key}.", flat, depth - 1)
        else:
            flat[prefix + key] = text(value)
