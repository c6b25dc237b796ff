"""The two sides of a probe: the resource of a region that is written, and the one that is read."""

from __future__ import annotations

from typing import Protocol

from collector.clients import Clients
from collector.probes.settings import Probe
from collector.probes.stamp import Stamp


class Taken(Exception):
    """There is an item of this key already."""


class Target(Protocol):
    """A replicated resource in one region. Every method raises whatever its service does."""

    deletes_replicate: bool  # or each region's copy has to be deleted
    shows_absence: bool  # a read that does not show the item proves that it was not visible yet

    def write(self, stamp: Stamp) -> None:
        """Create the item. Raises Taken, and ForeignKey if the key is no probe's."""

    def read(self, key: str) -> Stamp | None:
        """The item as a reader in this region sees it."""

    def delete(self, key: str) -> None:
        """Remove the item, whether it is there or not. Raises ForeignKey if the key is no probe's."""


def writer(probe: Probe, region: str, clients: Clients) -> Target:
    """The resource in the region that writes. Raises what keeps a client from being made."""
    from collector.probes import aurora, dynamodb, elasticache, s3

    resource = probe.resources[region]
    match probe.layer:
        case "session":
            return dynamodb.Table(clients("dynamodb", region), resource)
        case "file":
            return s3.Bucket(clients("s3", region), resource, probe.folder)
        case "database":
            return aurora.Cluster(clients("rds-data", region), resource, probe, region)
        case "cache":
            return elasticache.Cache(resource, probe.password)


def reader(probe: Probe, written: str, region: str, clients: Clients) -> Target:
    """The resource in `region`, to look there for what is written in the region `written`."""
    from collector.probes import aurora

    if probe.layer == "database":
        client = clients("rds-data", written)
        return aurora.Secondary(aurora.Cluster(client, probe.resources[written], probe, written), region)
    return writer(probe, region, clients)


def copies(probe: Probe, written: Target, region: str, clients: Clients) -> list[Target]:
    """Where an item that was written in `region` has to be deleted."""
    if written.deletes_replicate:
        return [written]
    return [written, *(writer(probe, other, clients) for other in probe.resources if other != region)]
