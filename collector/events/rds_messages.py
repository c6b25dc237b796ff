"""What the ids of RDS and Aurora events mean (Aurora user guide, "Amazon RDS event categories and event
messages"). Their texts change, their ids do not."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Meaning(NamedTuple):
    """`region` says what the region in the message's text is: where the writer goes to or comes from."""

    kind: str
    state: str
    sentence: str
    region: Literal["from", "to"] | None = None


MEANINGS = {
    # Global switchover: planned, nothing is lost.
    "RDS-EVENT-0181": Meaning("switchover", "started", "global switchover started", "to"),
    "RDS-EVENT-0183": Meaning("switchover", "synchronizing", "global switchover waits for the secondaries"),
    "RDS-EVENT-0423": Meaning("switchover", "synchronizing", "global switchover waits for the target", "to"),
    "RDS-EVENT-0182": Meaning("switchover", "fenced", "the old primary stopped and takes no writes", "from"),
    "RDS-EVENT-0184": Meaning("switchover", "promoted", "promoted to primary by a global switchover", "to"),
    "RDS-EVENT-0185": Meaning("switchover", "completed", "global switchover finished", "to"),
    "RDS-EVENT-0186": Meaning("switchover", "cancelled", "global switchover was cancelled", "to"),
    "RDS-EVENT-0187": Meaning("switchover", "failed", "global switchover failed", "to"),
    # Global failover: unplanned, writes may be lost.
    "RDS-EVENT-0238": Meaning("failover", "completed", "global failover completed", "to"),
    "RDS-EVENT-0239": Meaning("failover", "failed", "global failover failed", "to"),
    "RDS-EVENT-0240": Meaning("failover", "resynchronizing", "members are rebuilt after a global failover"),
    "RDS-EVENT-0241": Meaning("failover", "resynchronized", "members are in sync after a global failover"),
    # Write fencing of the old primary, told by its instances.
    "RDS-EVENT-0390": Meaning("failover", "fenced", "writes to the old primary's storage are blocked"),
    "RDS-EVENT-0391": Meaning(
        "failover", "fencing_timed_out", "writes to the old primary may not be blocked: some may be lost"
    ),
    # Names and shape.
    "RDS-EVENT-0397": Meaning("routing", "changed", "the DNS name of the global writer points elsewhere"),
    "RDS-EVENT-0385": Meaning("topology", "updated", "topology and DNS updated"),
    "RDS-EVENT-0424": Meaning("topology", "version_mismatch", "a secondary has a newer engine"),
    "RDS-EVENT-0517": Meaning("topology", "upgrade_cancelled", "engine upgrade cancelled by a failover"),
    "RDS-EVENT-0518": Meaning("topology", "version_aligned", "engine version aligned after a failover"),
    "RDS-EVENT-0519": Meaning("failover", "no_instances", "failover completed, but without instances"),
    # Within one region.
    "RDS-EVENT-0069": Meaning("failover", "failed", "failover within the region failed"),
    "RDS-EVENT-0070": Meaning("failover", "promoting", "the former primary is promoted again"),
    "RDS-EVENT-0071": Meaning("failover", "completed", "failover within the region completed"),
    "RDS-EVENT-0072": Meaning("failover", "started", "failover within the availability zone started"),
    "RDS-EVENT-0073": Meaning("failover", "started", "failover to another availability zone started"),
}

# What any other event is, by its category; a backup that was made says nothing about health.
CATEGORIES = {
    "global failover": "switchover",
    "failover": "failover",
    "availability": "compute",
    "failure": "compute",
    "low storage": "compute",
    "recovery": "compute",
    "restoration": "compute",
}
SILENT = "backup"
OTHER = "topology"
