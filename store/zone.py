"""A residency zone: what of its people may leave its regions, and under which key."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["email", "phone", "card", "iban", "ip", "jwt", "aws_key", "bearer"]
KINDS: tuple[Kind, ...] = ("email", "phone", "card", "iban", "ip", "jwt", "aws_key", "bearer")

KEY_BYTES = 16  # shortest key accepted: 128 bits, the strength of the pseudonyms


class KeyUnavailable(Exception):
    """A zone's key cannot be had now: nothing of that zone may be stored, try again later."""


@dataclass(frozen=True, slots=True)
class Zone:
    """What happens to identities (user and session), and which kinds of values in text are replaced.

    `key` refers to the zone's secret and never holds it: `env:NAME`, `file:PATH`, `secretsmanager:ARN`
    or `ssm:NAME`.
    """

    name: str
    identities: Literal["keep", "pseudonym"] = "keep"
    redact: tuple[Kind, ...] = ()
    key: str | None = None

    @property
    def open(self) -> bool:
        """Nothing is replaced, so no key is needed."""
        return self.identities == "keep" and not self.redact


def pseudonym(key: bytes, value: str) -> str:
    """HMAC-SHA-256 (RFC 2104) of the value under the zone's key, its first 128 bits as 32 hex digits."""
    state = _keyed(key).copy()
    state.update(value.encode("utf-8", "backslashreplace"))
    return state.hexdigest()[:32]


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> hmac.HMAC:
    """The HMAC before any text: to take in the key takes most of the time of a short one."""
    return hmac.new(key, digestmod=hashlib.sha256)


def canonical(value: str) -> str:
    """The form in which an id gets its pseudonym: an e-mail address in lower case, as in text."""
    return value.lower() if "@" in value else value


def resolve_key(reference: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """The secret behind a reference. Raises KeyUnavailable, naming the reference and never the secret."""
    scheme, _, name = reference.partition(":")
    try:
        if scheme == "env":
            secret = environ[name].encode()
        elif scheme == "file":
            secret = Path(name).read_bytes().strip()
        elif scheme == "secretsmanager":
            secret = _secret(name)
        elif scheme == "ssm":
            secret = _parameter(name)
        else:
            raise KeyUnavailable(
                f"key reference {reference!r}: the scheme must be env, file, secretsmanager or ssm"
            )
    except KeyUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the backend raises, the zone stays closed
        raise KeyUnavailable(f"key {reference!r} cannot be read: {type(error).__name__}") from None
    if len(secret) < KEY_BYTES:
        raise KeyUnavailable(f"key {reference!r} has {len(secret)} bytes; at least {KEY_BYTES} are needed")
    return secret


def _secret(name: str) -> bytes:
    import boto3

    answer = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    return answer["SecretString"].encode() if "SecretString" in answer else bytes(answer["SecretBinary"])


def _parameter(name: str) -> bytes:
    import boto3

    answer = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"]).encode()
