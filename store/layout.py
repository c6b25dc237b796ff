"""Where everything lies under the store's root. No other module spells a path.

<root>/<table>/_delta_log/…                                     the Delta log
<root>/<table>/region=<region>/day=<YYYY-MM-DD>/<id>.parquet     a segment, put by a collector
<root>/<table>/region=<region>/day=<YYYY-MM-DD>/part-<id>.parquet a file made by the committer or compaction
<root>/quarantine/region=<region>/day=<YYYY-MM-DD>/<id>.jsonl.gz  records that could not be read
<root>/removed/<YYYY-MM-DD>/<id>.json                            what retention removed, and why
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

QUARANTINE = "quarantine"
REMOVED = "removed"

_FILE = re.compile(
    r"^(?P<table>[a-z_]+)/region=(?P<region>[a-z0-9-]+)/day=(?P<day>\d{4}-\d\d-\d\d)/"
    r"(?P<part>part-)?(?P<id>[0-9a-f]{32})\.parquet$"
)


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
    match = _FILE.match(path)
    if not match:
        return None
    return DataFile(
        match["table"], match["region"], date.fromisoformat(match["day"]), match["id"], bool(match["part"])
    )


def content_id(parts: Iterable[bytes]) -> str:
    """32 hex digits that depend on the parts and on their boundaries: the same delivery, the same id."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def quarantine_path(region: str, day: date, id: str) -> str:
    return f"{QUARANTINE}/region={region}/day={day.isoformat()}/{id}.jsonl.gz"


def removed_path(day: date, id: str) -> str:
    return f"{REMOVED}/{day.isoformat()}/{id}.json"
