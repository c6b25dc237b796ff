"""DynamoDB global tables: how this region sees the replicas of its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from collector import arn
from collector.refusal import REFUSALS, reason
from collector.state.change import Change, appeared, differences, gone, sentence, state
from collector.state.observation import Facts, Observation, facts

NOUN = "Table"


def look(client: Callable[[str], Any], tables: Sequence[str]) -> Observation:
    """DescribeTable: each region has a view of its own. A table that is not in this region is no subject."""
    found, dynamodb = Observation(), client("dynamodb")
    for name in tables:
        try:
            found.subjects[name] = _facts(dynamodb.describe_table(TableName=name)["Table"])
        except REFUSALS as error:
            if not _is_missing(error):
                found.is_unknown(name, f"DescribeTable: {reason(error)}")
    return found


def _is_missing(error: Exception) -> bool:
    return isinstance(error, ClientError) and reason(error) == "ResourceNotFoundException"


def _facts(table: Mapping[str, Any]) -> Facts:
    known = facts(
        account_id=arn.account_of(table.get("TableArn")),
        status=table.get("TableStatus"),
        consistency=table.get("MultiRegionConsistency"),
    )
    for replica in table.get("Replicas", ()):
        known |= {f"replica.{replica.get('RegionName')}.status": str(replica.get("ReplicaStatus"))}
    for witness in table.get("GlobalTableWitnesses", ()):
        known |= {f"witness.{witness.get('RegionName')}.status": str(witness.get("WitnessStatus"))}
    return known


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    if after is None:
        return gone(NOUN, subject)
    if before is None:
        replicas = ", ".join(sorted({name.split(".")[1] for name in after if name.startswith("replica.")}))
        return appeared(NOUN, subject, said=f": its other replicas are in {replicas or 'no region'}")
    names = [name for name in differences(before, after) if name.startswith("replica.")]
    return Change(
        "topology",
        state(before, after, after.get("status", "changed")),
        sentence(NOUN, subject, before, after),
        from_region=next((name.split(".")[1] for name in names if name not in after), None),
        to_region=next((name.split(".")[1] for name in names if name not in before), None),
    )
