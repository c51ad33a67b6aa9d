"""A file is the old one or the new one, whichever step of writing it fails."""

import builtins
import errno
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import picture

from centnn import _files

OLD, NEW = b"what was there before", b"what is new" * 1000


class Steps:
    """Counts what is done to write a file; the n-th fails."""

    def __init__(self, n, error):
        self.n, self.error = n, error

    def then(self, function, *arguments):
        self.n -= 1
        if self.n == 0:
            raise self.error
        return function(*arguments)


class Written:
    """A file of which each step may fail; a part is written before."""

    def __init__(self, file, steps):
        self.file, self.steps = file, steps

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.steps.then(self.file.write, data[len(data) // 2 :])

    def flush(self):
        self.steps.then(self.file.flush)

    def fileno(self):
        return self.file.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.steps.then(lambda: None)  # some disks tell only then that they are full


def failing_at(n, error, monkeypatch):
    """Have the n-th step fail: opening, writing, flushing, ..."""
    steps = Steps(n, error)
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    monkeypatch.setattr(
        _files,
        "open",
        lambda *arguments: Written(steps.then(builtins.open, *arguments), steps),
        raising=False,
    )
    for name, function in real.items():
        monkeypatch.setattr(
            os, name, lambda *arguments, function=function: steps.then(function, *arguments)
        )
    return steps


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("old", [OLD, None])
def test_any_step_may_fail(error, old, tmp_path, monkeypatch):
    target = tmp_path / "file"
    for n in itertools.count(1):
        if old is not None:
            target.write_bytes(old)
        with monkeypatch.context() as patched:
            steps = failing_at(n, error, patched)
            if steps_are_fewer(steps, target, type(error)):
                break
        assert [path.name for path in tmp_path.iterdir()] == ["file"] * (old is not None)
        assert old is None or target.read_bytes() == old
    assert n == 7  # open, write, flush, fsync, close, replace
    assert target.read_bytes() == NEW


def steps_are_fewer(steps, target, kind):
    """Write; return whether it succeeded, all steps being done before the one that would fail."""
    try:
        _files.write_atomically(target, NEW)
    except kind as failed:
        assert kind is not OSError or failed.filename == str(target)
        return False
    assert steps.n > 0
    return True


SMALL_DISK = """
mount -t tmpfs -o size=32k none disk && cd disk && printf old > out.cvq
'{python}' -c 'import sys; from centnn.cli import main; sys.exit(main())' \
    compress ../in.png out.cvq -k 4000 -b 1 --effort fast --force
echo "exit code $?"; ls -A; cat out.cvq
"""
CAN_MOUNT = (
    sys.platform == "linux"
    and shutil.which("unshare") is not None
    and subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
    ).returncode
    == 0
)


@pytest.mark.skipif(not CAN_MOUNT, reason="cannot mount a small disk")
def test_a_disk_that_is_too_small(own_folder):
    picture("in.png", (128, 128, 3))
    Path("disk").mkdir()
    script = SMALL_DISK.format(python=sys.executable)
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True)
    assert done.stderr == "centnn: out.cvq: No space left on device\n"
    assert done.stdout == "exit code 1\nout.cvq\nold"
