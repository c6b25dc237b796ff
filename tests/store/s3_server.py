"""moto's S3 on a free port of the loopback interface; prints the port and ends with the input it is given.

moto checks `If-None-Match: *` and stores the object in two steps, so that of two concurrent PUTs both may
win. S3 does it in one, and the store relies on that: here a lock makes it one.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

put_object = S3Response.put_object
lock = threading.Lock()


def put_object_atomically(self: S3Response) -> Any:
    with lock:
        return put_object(self)


S3Response.put_object = put_object_atomically  # type: ignore[method-assign]
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)  # noqa: T201 - how the parent learns it
sys.stdin.read()
