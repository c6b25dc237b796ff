"""Shared fixtures: a store on a local folder and on an S3 endpoint, so that a test runs over both."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from store import tables
from store.objects import Store, open_store

S3_SERVER = Path(__file__).parent / "store" / "s3_server.py"


@dataclass(frozen=True)
class Location:
    """Where a store lies, in a form that a child process can be told."""

    uri: str
    options: dict[str, str] = field(default_factory=dict)

    def open(self) -> Store:
        return open_store(self.uri, self.options)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server of this test session's own, on a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(S3_SERVER), str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_for(endpoint, server)
        yield endpoint
    finally:
        server.terminate()
        server.wait()


def _wait_for(endpoint: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, "the S3 server did not start"
            time.sleep(0.1)
    raise TimeoutError(f"no answer from {endpoint}")


@pytest.fixture
def s3_location(s3_endpoint: str) -> Location:
    """A bucket of the test's own."""
    bucket = f"test-{uuid.uuid4().hex}"
    options = {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "us-east-1",
        "aws_endpoint_url": s3_endpoint,
    }
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/{bucket}", method="PUT")).close()
    return Location(f"s3://{bucket}/store", options)


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """An empty place for a store: a folder, then a bucket."""
    if request.param == "folder":
        return Location(str(tmp_path / "store"))
    found: Location = request.getfixturevalue("s3_location")
    return found


@pytest.fixture
def store(location: Location) -> Store:
    """A store with its tables, empty: on a folder, then on S3."""
    opened = location.open()
    tables.ensure(opened)
    return opened


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    """A store with its tables on a folder, for what does not depend on where a store lies."""
    opened = open_store(str(tmp_path / "store"))
    tables.ensure(opened)
    return opened
