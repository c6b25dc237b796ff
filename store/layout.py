"""Where everything lies under the store's root. No other module spells a path.

<root>/<table>/_delta_log/…                                     the Delta log
<root>/<table>/region=<region>/day=<YYYY-MM-DD>/<id>.parquet     a segment, put by a collector
<root>/<table>/region=<region>/day=<YYYY-MM-DD>/part-<id>.parquet a file made by the committer or compaction
<root>/quarantine/region=<region>/day=<YYYY-MM-DD>/<id>.jsonl.gz  records that could not be read
<root>/removed/<YYYY-MM-DD>/<id>.json                            what retention removed, and why
<root>/marks/<name>.json                                        how far a collector that pulls has come
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

QUARANTINE = "quarantine"
REMOVED = "removed"
MARKS = "marks"

_REGION = re.compile(r"[a-z0-9-]+")
_MARK = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*")
_PARTITION = r"(?P<table>[a-z_]+)/region=(?P<region>[a-z0-9-]+)/day=(?P<day>\d{4}-\d\d-\d\d)/"
_FILE = re.compile(_PARTITION + r"(?P<part>part-)?(?P<id>[0-9a-f]{32})\.parquet")
_QUARANTINED = re.compile(_PARTITION + r"(?P<id>[0-9a-f]{32})\.jsonl\.gz")


@dataclass(frozen=True, slots=True, order=True)
class DataFile:
    """The path of one Parquet file of a table, taken apart. `part` files are never swept in as segments."""

    table: str
    region: str
    day: date
    id: str
    part: bool = False

    @property
    def name(self) -> str:
        """Path below the table's folder, as the Delta log names the file."""
        prefix = "part-" if self.part else ""
        return f"region={self.region}/day={self.day.isoformat()}/{prefix}{self.id}.parquet"

    @property
    def path(self) -> str:
        """Path below the store's root."""
        return f"{self.table}/{self.name}"


def data_file(path: str) -> DataFile | None:
    """The parts of a path below the store's root, or None if it is no data file of a table."""
    match = _FILE.fullmatch(path)
    day = _day(match)
    if not match or not day:
        return None
    return DataFile(match["table"], match["region"], day, match["id"], bool(match["part"]))


def region_name(text: str) -> str:
    """The text, if it can stand in a path. Raises ValueError: a region may come from a hostile payload."""
    if not _REGION.fullmatch(text):
        raise ValueError(f"region {text[:80]!r}: must be lower-case letters, digits and hyphens")
    return text


def content_id(parts: Iterable[bytes]) -> str:
    """32 hex digits that depend on the parts and on their boundaries: the same delivery, the same id."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def quarantine_path(region: str, day: date, id: str) -> str:
    return f"{QUARANTINE}/region={region}/day={day.isoformat()}/{id}.jsonl.gz"


def quarantined(path: str) -> tuple[str, date] | None:
    """Region and day of a quarantine file, or None if the path is something else."""
    match = _QUARANTINED.fullmatch(path)
    day = _day(match)
    return (match["region"], day) if match and day and match["table"] == QUARANTINE else None


def removed_path(day: date, id: str) -> str:
    return f"{REMOVED}/{day.isoformat()}/{id}.json"


def mark_path(name: str) -> str:
    """Raises ValueError for a name that is not words, regions or ids with slashes between them."""
    if not _MARK.fullmatch(name):
        raise ValueError(
            f"mark {name[:80]!r}: must be lower-case letters, digits, hyphens and underscores, "
            "in parts with a slash between them"
        )
    return f"{MARKS}/{name}.json"


def _day(match: re.Match[str] | None) -> date | None:
    try:
        return date.fromisoformat(match["day"]) if match else None
    except ValueError:
        return None  # looks like a day, such as 2026-02-30, and is none
