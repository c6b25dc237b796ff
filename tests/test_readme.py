"""README's commands, run as a newcomer pastes them: line by line, in one empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What differs from run to run: when it is (trace ids say it, too), and under which key pseudonyms are made.
VARYING = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z|\d{8}T\d{6}Z|[0-9a-f]{32}|(?<=:)[0-9a-f]{20}…"
)


def session() -> list[tuple[str, list[str]]]:
    """The commands of README's console blocks, each with the lines of output shown below it."""
    commands: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
    return commands


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with what README takes for granted: the log file that `aws logs` would have written."""
    (tmp_path / "orders.json").write_text(
        '{"events":[{"eventId":"1","timestamp":1795168800000,"logStreamName":"s","message":"hello"}]}',
        encoding="utf-8",
    )
    return tmp_path


def test_every_command_of_the_readme_runs_and_prints_what_the_readme_shows(folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown_somewhere = 0
    for command, shown in session():
        words = shlex.split(command.replace("make demo", "regionscope demo"))
        if words[0] == "cd":
            folder = (folder / words[1]).resolve()
            continue
        if words[0] == "aws":
            continue
        done = subprocess.run(
            words, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        printed = [VARYING.sub("*", line) for line in done.stdout.splitlines()]
        for line in shown:
            if line != "...":
                assert VARYING.sub("*", line) in printed, f"{command}\n{done.stdout}"
                shown_somewhere += 1
    assert shown_somewhere > 10


def test_the_python_of_the_readme_runs(folder: Path) -> None:
    source = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert source

    for code in source:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
