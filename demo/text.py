"""How times, stack traces and ids are written in logs."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from demo.requests import Failure, Frame, Request, moment


def json(fields: object) -> str:
    return orjson.dumps(fields).decode()


def iso(seconds: float) -> str:
    """Epoch seconds as 2026-11-20T09:00:00.123Z."""
    return moment(seconds).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def epoch_ms(seconds: float) -> int:
    return int(seconds * 1000)


def ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def w3c(request: Request) -> str:
    """The trace id as 32 hex digits."""
    return request.trace_id[2:].replace("-", "")


def python_trace(failure: Failure) -> str:
    return "\n".join(
        ("Traceback (most recent call last):", *_python_frames(failure.frames), _last_line(failure))
    )


def node_stack(failure: Failure) -> list[str]:
    return [_last_line(failure), *(f"    at {_node_frame(frame)}" for frame in reversed(failure.frames))]


def java_trace(failure: Failure) -> str:
    frames = reversed(failure.frames)
    return "\n".join((_last_line(failure), *(f"\tat {_java_frame(frame)}" for frame in frames)))


def _last_line(failure: Failure) -> str:
    return f"{failure.error_type}: {failure.message}"


def _python_frames(frames: Sequence[Frame]) -> list[str]:
    return [
        f'  File "/var/task/{frame.module}.py", line {frame.line}, in {frame.function}\n    {frame.code}'
        for frame in frames
    ]


def _node_frame(frame: Frame) -> str:
    return f"{frame.function} (file:///var/task/{frame.module}.mjs:{frame.line}:11)"


def _java_frame(frame: Frame) -> str:
    *_, name = frame.module.split("/")
    return f"{frame.module.replace('/', '.')}.{frame.function}({name}.java:{frame.line})"
