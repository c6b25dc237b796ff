"""moto's S3 server on the loopback interface; the port is the only argument.

moto checks `If-None-Match: *` and stores the object in two steps, so that of two concurrent PUTs both may
win. S3 does it in one, and the store relies on that: here a lock makes it one.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from moto.s3.responses import S3Response
from moto.server import main

put_object = S3Response.put_object
lock = threading.Lock()


def put_object_atomically(self: S3Response) -> Any:
    with lock:
        return put_object(self)


S3Response.put_object = put_object_atomically  # type: ignore[method-assign]
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
