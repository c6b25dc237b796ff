"""Shared fixtures: a store on a local folder and on an S3 endpoint, so that a test runs over both."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import emulators
import pytest
from hypothesis import settings
from locations import Location

from store import tables
from store.objects import Store, open_store

# CI tries the same examples each time: what fails there failed for the change. Runs by hand explore.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

S3_SERVER = Path(__file__).parent / "store" / "s3_server.py"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server of this test session's own, on a free port of the loopback interface."""
    command = [sys.executable, str(S3_SERVER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        port = server.stdout.readline().strip()
        assert port, "the S3 server did not start"
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The endpoint of a moto server of this test session's own."""
    with emulators.moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The endpoint of a ministack of this test session's own."""
    with emulators.ministack() as endpoint:
        yield endpoint


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
