"""A command that is killed leaves the old file or the new one, at whatever moment that is."""

import re
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

MAIN = """
import sys
from centnn.cli import main
print("ready", flush=True)  # while modules are imported, signals are Python's business
sys.exit(main(sys.argv[1:]))
"""
OLD = b"what was there before"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return a command that takes a while, in a folder with a picture and an old file."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (300, 400), np.uint8)
    cv2.imwrite("picture.png", cv2.blur(noise, (3, 3)))
    (tmp_path / "out.cvq").write_bytes(OLD)
    arguments = ["compress", "picture.png", "out.cvq", "-k", "64", "--force"]
    return [sys.executable, "-c", MAIN, *arguments]


def start(command):
    """Start a command; return its process once it is at work."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def kill(command, kind, after):
    """Start a command and send it a signal; return its exit code."""
    process = start(command)
    time.sleep(after)
    process.send_signal(kind)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode


@pytest.mark.parametrize("kind", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_killed(command, kind, tmp_path):
    process, begin = start(command), time.perf_counter()
    process.communicate()
    whole = time.perf_counter() - begin
    new = (tmp_path / "out.cvq").read_bytes()
    for part in np.linspace(0.1, 1.05, 6):
        (tmp_path / "out.cvq").write_bytes(OLD)
        code = kill(command, getattr(signal, kind), part * whole)
        assert code in (0, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)
        assert (tmp_path / "out.cvq").read_bytes() in (OLD, new)
        beside = {path.name for path in tmp_path.iterdir()} - {"out.cvq", "picture.png"}
        if kind == "SIGKILL":  # which leaves no time to tidy up
            beside = {name for name in beside if not re.fullmatch(r"\.centnn-\w+\.tmp", name)}
        assert beside == set()


def test_a_training_is_ended_at_once(command, tmp_path):
    command[command.index("64")] = "6000"
    begin = time.perf_counter()
    code = kill([*command, "--effort", "best"], signal.SIGTERM, 1)
    assert code == 143
    assert time.perf_counter() - begin < 10
    assert (tmp_path / "out.cvq").read_bytes() == OLD
