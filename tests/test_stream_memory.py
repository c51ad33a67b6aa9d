"""The memory that training takes on samples that are read from a file."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

CAN_FORGET = Path("/proc/self/clear_refs").exists() and platform.libc_ver()[0] == "glibc"
pytestmark = pytest.mark.skipif(
    not CAN_FORGET, reason="needs Linux and glibc, to look for the peak anew"
)

# Samples go into a file bit by bit. Then training: the most bytes that are held above what was held
# before. What is free is given back first, or else it would be used again unseen.
PROGRAM = """
import ctypes, sys
from pathlib import Path
import numpy as np
import centnn

def forget():
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()

def peak():
    return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

n, k, block, path = *map(int, sys.argv[1:4]), sys.argv[4]
generator = np.random.default_rng(0)
means = generator.integers(40, 216, (500, 16))
file = np.lib.format.open_memmap(path, "w+", np.uint8, (n, 16))
for start in range(0, n, 1 << 16):
    part = file[start : start + (1 << 16)]
    part[:] = means[generator.integers(500, size=len(part))]
    part += generator.integers(-40, 40, part.shape).astype(np.uint8)
del file, part
centnn.fit_codebook(means, 10)
if block:
    centnn._stream.BLOCK = block
held = forget()
book = centnn.fit_codebook(path, k)
print(peak() - held)
assert book.counts.sum() == n
"""


def extra_bytes(folder, n, k, block=0):
    arguments = [str(n), str(k), str(block), str(folder / "X.npy")]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return int(answer.stdout)


def test_memory_does_not_grow_with_the_number_of_samples(tmp_path):
    # Trained on as an array, samples and what comes with them would take 28 MiB.
    assert extra_bytes(tmp_path, 1 << 19, 8, block=1 << 22) < 14 << 20


@pytest.mark.skipif("CENTNN_TEST_LARGE" not in os.environ, reason="takes minutes: see tests/long")
@pytest.mark.parametrize("k", [1024, 4096])
def test_ten_million_samples_take_less_than_a_gibibyte(k, tmp_path):
    assert extra_bytes(tmp_path, 10**7, k) < 512 << 20
