"""An Aurora global database as the target of probes, through the RDS Data API.

The Data API answers from a writer instance only, and a secondary cluster has none until it is promoted
(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html). So the probe asks
the primary how far the secondary's storage has come: `highest_lsn_written` of aurora_global_db_status
(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora_global_db_status.html).
"""

from __future__ import annotations

from typing import Any

from collector.probes.settings import Engine, Probe
from collector.probes.stamp import Stamp, own
from collector.probes.target import Taken

_INSERT: dict[Engine, str] = {
    "postgresql": "INSERT INTO regionscope_probe (id, stamp, expires) VALUES (:id, :stamp, :expires) "
    "ON CONFLICT (id) DO NOTHING",
    "mysql": "INSERT IGNORE INTO regionscope_probe (id, stamp, expires) VALUES (:id, :stamp, :expires)",
}
_SELECT = "SELECT stamp FROM regionscope_probe WHERE id = :id"
_DELETE = "DELETE FROM regionscope_probe WHERE id = :id"
_STATUS: dict[Engine, str] = {
    "postgresql": "SELECT aws_region, highest_lsn_written FROM aurora_global_db_status()",
    "mysql": "SELECT aws_region, highest_lsn_written FROM information_schema.aurora_global_db_status",
}

_Values = dict[str, str | int]


class Cluster:
    """The cluster of a region that writes: rows of the table `regionscope_probe (id, stamp, expires)`."""

    deletes_replicate = True
    shows_absence = True

    def __init__(self, client: Any, arn: str, probe: Probe, region: str) -> None:
        self._client = client
        self._engine = probe.engine
        self._where = {"resourceArn": arn, "secretArn": probe.secrets[region], "database": probe.database}
        self.region = region

    def write(self, stamp: Stamp) -> None:
        values: _Values = {"id": own(stamp.key), "stamp": stamp.text(), "expires": stamp.expires}
        if not self._execute(_INSERT[self._engine], values).get("numberOfRecordsUpdated"):
            raise Taken

    def read(self, key: str) -> Stamp | None:
        records = self._execute(_SELECT, {"id": key}).get("records")
        return Stamp.read(key, records[0][0]["stringValue"]) if records else None

    def delete(self, key: str) -> None:
        self._execute(_DELETE, {"id": own(key)})

    def written(self) -> dict[str, int]:
        """The highest log sequence number that is stored in each region."""
        records = self._execute(_STATUS[self._engine], {}).get("records") or []
        return {region["stringValue"]: _number(lsn) for region, lsn in records}

    def _execute(self, sql: str, values: _Values) -> dict[str, Any]:
        parameters = [{"name": name, "value": _field(value)} for name, value in values.items()]
        answer: dict[str, Any] = self._client.execute_statement(
            **self._where, sql=sql, **({"parameters": parameters} if parameters else {})
        )
        return answer


class Secondary:
    """A region that only reads, as its primary knows it.

    The item counts as visible once the region's storage has all that the primary had written when it was
    first asked after the write. That is durable there; a reader's cache may be a little behind. The primary's
    knowledge may be a little old, so it proves that the item is there, but not that it was not.
    """

    deletes_replicate = True
    shows_absence = False

    def __init__(self, primary: Cluster, region: str) -> None:
        self._primary = primary
        self._region = region
        self._goals: dict[str, int] = {}

    def write(self, stamp: Stamp) -> None:
        raise ValueError(f"{self._region}: a secondary cluster of Aurora cannot be written")

    def read(self, key: str) -> Stamp | None:
        written = self._primary.written()
        for region in (self._primary.region, self._region):
            if region not in written:
                raise LookupError(f"aurora_global_db_status does not know {region}")
        goal = self._goals.setdefault(key, written[self._primary.region])
        return self._primary.read(key) if written[self._region] >= goal else None

    def delete(self, key: str) -> None:
        self._primary.delete(key)


def _field(value: str | int) -> dict[str, str | int]:
    return {"longValue": value} if isinstance(value, int) else {"stringValue": value}


def _number(field: dict[str, Any]) -> int:
    return int(field["longValue"] if "longValue" in field else field["stringValue"])
