"""Emulated AWS on the loopback interface: how the emulators are started, and clients of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-1")
ACCOUNT = "123456789012"

# ministack pins a botocore of its own, so it has an environment of its own; `make test` makes it.
MINISTACK = Path(__file__).parent.parent / ".venv-emulator" / "bin" / "ministack"


def clients(endpoint: str, region: str, **options: Any) -> Callable[[str], Any]:
    """Makes boto3 clients of one region of an emulator, by the name of the service."""
    session = boto3.Session("test", "test", region_name=region)
    config = Config(retries={"mode": "standard", "max_attempts": 2}, read_timeout=10, **options)
    return lambda service: session.client(service, endpoint_url=endpoint, config=config)


@cache
def client(endpoint: str, region: str, service: str) -> Any:
    """A client as `clients` makes them, made once: that takes longer than most calls."""
    return clients(endpoint, region)(service)


@contextmanager
def moto() -> Iterator[str]:
    """moto's server: X-Ray, and whatever needs no replication between regions."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    yield from _serve(command, {}, port)


@contextmanager
def ministack() -> Iterator[str]:
    """ministack: metrics, and resources that replicate between regions."""
    port = _free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "LAMBDA_EXECUTOR": "local",
    }
    yield from _serve([str(MINISTACK)], environment, port)


def _serve(command: list[str], environment: dict[str, str], port: int) -> Iterator[str]:
    endpoint = f"http://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ | environment, **quiet) as server:  # type: ignore[call-overload]
        try:
            _wait(server, endpoint)
            yield endpoint
        finally:
            server.terminate()


def _wait(server: subprocess.Popen[bytes], endpoint: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=5).close()
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{server.args!r} does not answer at {endpoint}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
