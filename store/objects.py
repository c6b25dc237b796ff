"""The objects under the store's root, on a local folder, S3 or in memory, through one small interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore, S3Store

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config, S3Credential

OPTIONS = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region", "aws_endpoint_url"}
)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object: its path below the store's root, its bytes, and when it was written (UTC)."""

    path: str
    size: int
    modified: datetime


class Store:
    """Objects by their path below the root, and what deltalake and DuckDB need to reach the same place.

    `storage_options` are deltalake's; `local_root` is None unless the store is a local folder.
    """

    def __init__(
        self,
        uri: str,
        backend: Callable[[bool], ObjectStore],
        storage_options: Mapping[str, str] | None = None,
        local_root: Path | None = None,
        credentials: Callable[[], S3Credential] | None = None,
    ) -> None:
        self.uri = uri
        self.storage_options = dict(storage_options or {})
        self.local_root = local_root
        self.credentials = credentials
        self._backend = backend

    def __repr__(self) -> str:
        return f"Store({self.uri!r})"  # the options may hold a secret

    def table_uri(self, table: str) -> str:
        """Where the Delta table of that name lies."""
        return f"{self.uri}/{table}"

    def put_new(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one: True if written, False (and nothing touched) if it existed."""
        try:
            obstore.put(self._backend(True), path, data, mode="create")
        except AlreadyExistsError:
            return False
        self._persist(path)
        return True

    def put(self, path: str, data: bytes | Path) -> None:
        """Write an object, or the content of a local file, over whatever is there."""
        obstore.put(self._backend(True), path, data)
        self._persist(path)

    def get(self, path: str) -> bytes:
        """The whole object. Raises FileNotFoundError."""
        return obstore.get(self._backend(False), path).bytes().to_bytes()

    def info(self, path: str) -> ObjectInfo:
        """Size and age of an object. Raises FileNotFoundError."""
        meta = obstore.head(self._backend(False), path)
        return ObjectInfo(meta["path"], meta["size"], meta["last_modified"])

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """All objects in a folder and below it, in no particular order."""
        for batch in obstore.list(self._backend(False), prefix or None):
            for meta in batch:
                yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"])

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are no error."""
        backend = self._backend(False)
        remaining = list(paths)
        try:
            obstore.delete(backend, remaining)
        except FileNotFoundError:  # a folder stops at the first that is gone, S3 does not mind
            for path in remaining:
                try:
                    obstore.delete(backend, path)
                except FileNotFoundError:
                    continue

    def _persist(self, path: str) -> None:
        """On a folder, make file and name survive a power cut: a put is the collector's durability point."""
        if self.local_root is None:
            return
        file = self.local_root / path
        for place in (file, file.parent):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def open_store(uri: str, options: Mapping[str, str] | None = None) -> Store:
    """The store at a folder, `file://…`, `s3://bucket/prefix` or `memory://`.

    Options (S3 only) are those of OPTIONS; what they leave out comes from boto3's usual chain (environment,
    profile, role). Raises ValueError for another scheme or an unknown option.
    """
    unknown = set(options or {}) - OPTIONS
    if unknown:
        raise ValueError(f"store option {min(unknown)!r}: must be one of {', '.join(sorted(OPTIONS))}")
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if scheme == "s3":
        return _s3(uri, dict(options or {}))
    if scheme == "memory":
        memory = MemoryStore()
        return Store(uri, lambda create: memory)
    if scheme == "file":
        return _folder(Path(unquote(urlsplit(uri).path)))
    if scheme:
        raise ValueError(f"store {uri!r}: must be a folder, or begin with file://, s3:// or memory://")
    return _folder(Path(uri).expanduser())


def _folder(root: Path) -> Store:
    root = root.absolute()
    if "%" in str(root):  # deltalake takes it for an escape
        raise ValueError(f"store {str(root)!r}: the name of the folder must not contain %")

    def backend(create: bool) -> ObjectStore:
        return LocalStore(root, mkdir=True) if create or root.is_dir() else MemoryStore()

    return Store(str(root), backend, local_root=root)


def _s3(uri: str, options: dict[str, str]) -> Store:
    bucket, _, prefix = uri.removeprefix("s3://").rstrip("/").partition("/")
    if not bucket:
        raise ValueError(f"store {uri!r}: must name a bucket, as in s3://bucket/prefix")
    endpoint = options.get("aws_endpoint_url") or os.environ.get("AWS_ENDPOINT_URL_S3")
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
    credentials, region = _credentials(options)
    plain = {"aws_region": options.get("aws_region") or region or "us-east-1"}
    if endpoint:
        plain["aws_endpoint_url"] = endpoint
    insecure = bool(endpoint and endpoint.startswith("http://"))
    objects = S3Store(
        bucket,
        prefix=prefix or None,
        config=cast("S3Config", plain),
        client_options={"allow_http": insecure},
        credential_provider=credentials,
    )
    delta = {**options, **plain, "aws_conditional_put": "etag", "aws_allow_http": str(insecure).lower()}
    return Store(uri.rstrip("/"), lambda create: objects, delta, credentials=credentials)


def _credentials(options: Mapping[str, str]) -> tuple[Callable[[], S3Credential], str | None]:
    """What yields the credentials, refreshed when they expire, and the region that came with them."""
    if "aws_access_key_id" in options:
        fixed: S3Credential = {
            "access_key_id": options["aws_access_key_id"],
            "secret_access_key": options["aws_secret_access_key"],
            "token": options.get("aws_session_token"),
            "expires_at": None,
        }
        return lambda: fixed, None
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        provider = Boto3CredentialProvider()
    except ValueError:
        raise PermissionError("no AWS credentials: none in the environment, a profile or a role") from None
    return provider, provider.config.get("region")
