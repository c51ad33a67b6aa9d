"""Run a benchmark and keep its JSON line for the documentation, with its date and machine.

    python docs/benchmarks/record.py train --rows bridge

appends a line to docs/benchmarks/train.jsonl. Where two lines have figures of the same thing, the
page shows those of the later one: delete lines that are no longer shown.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main(name: str, *arguments: str) -> None:
    """Run bench/NAME.py with these arguments."""
    command = [sys.executable, f"bench/{name}.py", *arguments]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(output)
    run = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "command": shlex.join(["python", *command[1:]]),
    }
    line = json.dumps({**run, **rounded(json.loads(output.splitlines()[-1]))})
    with (HERE / f"{name}.jsonl").open("a") as file:
        file.write(line + "\n")


def commit() -> str:
    """Return the commit that is checked out."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout[
        :-1
    ]


def machine() -> str:
    """Return the processor's name and how many cores there are."""
    name = platform.processor() or platform.machine()
    try:
        fields = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(": ")[2] for line in fields if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores"


def rounded(value: object) -> object:
    """Return what JSON holds with six digits a number: no figure means more."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
