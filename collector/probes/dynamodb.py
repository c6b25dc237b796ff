"""A DynamoDB global table as the target of probes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from collector.probes.stamp import Stamp, own
from collector.probes.target import Taken

_STAMP = "regionscope_stamp"  # the attribute that holds the stamp
_Key = dict[str, dict[str, Any]]


class Table:
    """Probes live under their own partition keys; the table's own key schema and TTL attribute are asked for.

    Reads are strongly consistent, which in DynamoDB means: with the copy of the reader's own region. With
    eventual reads one read could miss what the one before it saw, and no bound would hold.
    """

    deletes_replicate = True
    shows_absence = True

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def write(self, stamp: Stamp) -> None:
        key = self._key(own(stamp.key))
        expires = {self._ttl: {"N": str(stamp.expires)}} if self._ttl else {}
        try:
            self._client.put_item(
                TableName=self._name,
                Item={**key, _STAMP: {"S": stamp.text()}, **expires},
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": next(iter(key))},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise Taken from None

    def read(self, key: str) -> Stamp | None:
        answer = self._client.get_item(TableName=self._name, Key=self._key(key), ConsistentRead=True)
        text = answer.get("Item", {}).get(_STAMP, {}).get("S")
        return Stamp.read(key, text) if text else None

    def delete(self, key: str) -> None:
        self._client.delete_item(TableName=self._name, Key=self._key(own(key)))

    def _key(self, key: str) -> _Key:
        values = {"S": key, "B": key.encode(), "N": "0"}
        return {name: {type: values[type]} for name, type in self._schema.items()}

    @cached_property
    def _schema(self) -> dict[str, str]:
        """The type of each key attribute, the partition key first."""
        table = self._client.describe_table(TableName=self._name)["Table"]
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
        ordered = sorted(table["KeySchema"], key=lambda each: each["KeyType"] != "HASH")
        schema = {each["AttributeName"]: types[each["AttributeName"]] for each in ordered}
        if next(iter(schema.values())) == "N":
            raise ValueError(f"table {self._name!r}: its partition key must be text or binary to be probed")
        return schema

    @cached_property
    def _ttl(self) -> str | None:
        told = self._client.describe_time_to_live(TableName=self._name)["TimeToLiveDescription"]
        name: str | None = told.get("AttributeName") if told["TimeToLiveStatus"] == "ENABLED" else None
        return None if name in self._schema else name
