"""A dialect says what the fields of one kind of record mean: which are columns, how the rest is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from collector.fields import FieldMap
from collector.formats.roles import ROLES, Role


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """The names of one kind of record. A field without an entry is looked up in the FieldMap.

    columns     field → its role or roles (formats/roles.py); asked before the FieldMap, in this order
    attributes  field → the attribute's name, where it differs from the field's
    prefix      stands before the names of fields that are neither in `attributes` nor dotted
    template    what the template is made of: of each group of fields, the first that is there
    marks       JSON only: the top-level fields that give the dialect away; any one of the sets is enough
    by_status   severity follows from the HTTP status
    dashes      `-` stands for null
    """

    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    template: tuple[tuple[str, ...], ...] = ()
    marks: tuple[frozenset[str], ...] = ()
    by_status: bool = False
    dashes: bool = False

    def attribute(self, key: str) -> str:
        """The attribute a field becomes."""
        name = self.attributes.get(key)
        if name is not None:
            return name
        return key if "." in key else self.prefix + key


# Objects in which loggers keep the fields their users add: OpenTelemetry, log4j2, logback, Rust's tracing.
# Their content stands among the other fields.
CONTAINERS = ("resource.attributes.", "attributes.", "contextMap.", "mdc.", "fields.")

_FIELD_MAP = {
    "user": ("user_id",),
    "session": ("session_id",),
    "request": ("request_id",),
    "trace": ("trace_id",),
    "span": ("span_id",),
    "service": ("service",),
    "severity": ("severity", "severity_text"),
    "message": ("message",),
    "error": ("error_type",),
    "status": ("http_status",),
    "duration": ("duration_ms",),
}


def _uncontained(name: str) -> str:
    for container in CONTAINERS:
        if name.startswith(container):
            return name.removeprefix(container)
    return name


@lru_cache(maxsize=256)
def roles(dialect: Dialect, fields: FieldMap) -> dict[str, tuple[tuple[int, Role], ...]]:
    """Field → the roles it can play, each with its rank; the lowest rank with a fitting value is taken."""
    asked = [(name, role) for name, of_field in dialect.columns.items() for role in _tuple(of_field)]
    for attribute, names_of_roles in _FIELD_MAP.items():
        names = map(_uncontained, getattr(fields, attribute))
        asked += [(name, role) for name in names for role in names_of_roles]
    known: dict[str, tuple[tuple[int, Role], ...]] = {}
    for rank, (name, role) in enumerate(sorted(asked, key=lambda pair: ROLES[pair[1]].late)):
        known[name] = (*known.get(name, ()), (rank, ROLES[role]))
    return known


def _tuple(roles: str | tuple[str, ...]) -> tuple[str, ...]:
    return (roles,) if isinstance(roles, str) else roles
