"""Under which identities a user is stored: in clear, and under the pseudonym of every zone that has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from queries.macros import Macro
from store.engine import quote
from store.zone import KeyUnavailable, Zone, canonical, pseudonym, resolve_key


def keys_of(zones: Iterable[Zone]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The keys of the zones that pseudonymise, by zone; a warning for each zone whose key cannot be had."""
    keys: dict[str, bytes] = {}
    warnings: list[str] = []
    for zone in zones:
        if zone.identities != "pseudonym":
            continue
        try:
            keys[zone.name] = resolve_key(zone.key or "")
        except KeyUnavailable as error:
            warnings.append(f"zone {zone.name!r}: users of this zone are not found, because {error}")
    return keys, tuple(warnings)


def define(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, bytes]) -> None:
    """Define pseudonym(zone, value), pseudonyms(identity) and is_user(user_id, identity)."""

    def of_zone(zone: str, value: str) -> str:
        if zone not in keys:
            raise ValueError(
                f"zone {zone!r}: this session has no key of it ({', '.join(sorted(keys)) or 'none'})"
            )
        return pseudonym(keys[zone], canonical(value))

    # Without side effects it is computed while the query is planned, so that a search by it is pruned.
    connection.create_function("pseudonym", of_zone, ["varchar", "varchar"], "varchar", side_effects=False)
    _is_user(sorted(keys)).create(connection)
    _pseudonyms(sorted(keys)).create(connection)


def _pseudonyms(zones: Iterable[str]) -> Macro:
    values = ", ".join(f"{quote(zone)}: pseudonym({quote(zone)}, identity)" for zone in zones)
    return Macro(
        "pseudonyms",
        "The pseudonyms of an identity, by zone, as far as the keys are at hand.\n  identity   in clear",
        f"create macro pseudonyms(identity) as map {{{values}}}::map(varchar, varchar)",
    )


def _is_user(zones: Iterable[str]) -> Macro:
    names = ", ".join(["identity", *(f"pseudonym({quote(zone)}, identity)" for zone in zones)])
    return Macro(
        "is_user",
        "Whether a record is of a user, stored in clear or under the pseudonym of a zone.\n"
        "  user_id    the column of the record\n"
        "  identity   the user in clear",
        # The list prunes files and row groups, but DuckDB compares only after it has decoded all columns of
        # what remains; list_contains is applied while reading: a user's search in a quarter of the time.
        f"create macro is_user(user_id, identity) as "
        f"user_id in ({names}) and list_contains([{names}], user_id)",
    )
