"""The intake on one machine: an HTTP/1.1 server that ends what it began before it stops."""

from __future__ import annotations

import ipaddress
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from collector.otlp.intake import Intake, Request, Response

_log = logging.getLogger(__name__)

_SILENCE = 30  # seconds without a byte after which a connection is closed
_GRACE = 20  # seconds that requests under way have when the server stops
_CHUNK_LINE = 1024  # bytes of the line before a chunk


@contextmanager
def running(intake: Intake, host: str, port: int) -> Iterator[tuple[str, int]]:
    """A server in a thread of its own, and the address it listens at (port 0 is any free one).

    Raises ValueError if it would be open to the network without a token.
    """
    if intake.token is None and not _is_loopback(host):
        raise ValueError(f"otlp.host is {host!r}: without otlp.token it must be a loopback address")
    server = _Server((host, port), intake)
    thread = threading.Thread(target=server.serve_forever, name="otlp")
    thread.start()
    try:
        yield server.server_address[0], server.server_address[1]  # type: ignore[misc]
    finally:
        server.shutdown()
        thread.join()
        server.drain()
        server.server_close()


def wait() -> None:
    """Return when the process is told to end, by SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Server(ThreadingHTTPServer):
    """Counts the requests under way."""

    daemon_threads = True  # an idle connection keeps nobody waiting; requests under way are waited for
    block_on_close = False

    def __init__(self, address: tuple[str, int], intake: Intake) -> None:
        super().__init__(address, _Connection)
        self.intake = intake
        self._busy = 0
        self._change = threading.Condition()

    @contextmanager
    def request(self) -> Iterator[None]:
        """A request under way."""
        with self._change:
            self._busy += 1
        try:
            yield
        finally:
            with self._change:
                self._busy -= 1
                self._change.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, as a rule: nothing of it is printed but the kind of error."""
        kind = type(sys.exception()).__name__
        _log.warning('{"message": "otlp connection failed", "error": "%s"}', kind)

    def drain(self) -> None:
        """Wait for the requests under way."""
        with self._change:
            self._change.wait_for(lambda: not self._busy, _GRACE)


class _Connection(BaseHTTPRequestHandler):
    """One client. It knows HTTP, and nothing of OTLP."""

    protocol_version = "HTTP/1.1"
    server_version = "regionscope"
    sys_version = ""
    timeout = _SILENCE
    server: _Server

    def do_POST(self) -> None:
        with self.server.request():
            self._answer()

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_POST

    def _answer(self) -> None:
        limit = self.server.intake.limit
        try:
            body = self._chunks(limit) if self._is_chunked() else self._sized(limit)
        except ValueError:
            self.close_connection = True
            self._send(Response(400, {}, b""))
            return
        if len(body) > limit:  # what comes after that on this connection is no request
            self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path.partition("?")[0], headers, body)
        self._send(self.server.intake(request))

    def _is_chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"

    def _sized(self, limit: int) -> bytes:
        """The body, or as much of it as shows that it is too long. Raises ValueError."""
        size = int(self.headers.get("Content-Length") or 0)
        if size < 0:
            raise ValueError
        return self.rfile.read(min(size, limit + 1))

    def _chunks(self, limit: int) -> bytes:
        """The same of a body in chunks (RFC 9112, section 7.1)."""
        body = bytearray()
        while len(body) <= limit:
            size = int(self.rfile.readline(_CHUNK_LINE).partition(b";")[0], 16)
            if size < 0:
                raise ValueError
            if not size:
                while self.rfile.readline(_CHUNK_LINE).strip():  # trailers
                    pass
                break
            body += self.rfile.read(min(size, limit + 1 - len(body)))
            self.rfile.readline(_CHUNK_LINE)
        return bytes(body)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the collector logs what became of a request, and a path may hold anything."""
