"""Memory that runs out at any request: a MemoryError, nothing left behind, and all works again.

CENTNN_TEST_REQUESTS=10000 refuses every request; by default those after some are sampled.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SPARSE = os.environ.get("CENTNN_TEST_REQUESTS", "8")
JOBS = (
    *("fast", "best", "classic", "group", "rate", "quantize", "dequantize", "product", "search"),
    *("compress", "decompress", "compress_photo", "decompress_photo", "palette"),
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs a loader that preloads"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Compile what refuses memory."""
    folder = tmp_path_factory.mktemp("failing")
    includes = [f"-I{np.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
    for name in ("failing_malloc", "failing_arrays"):
        command = ["cc", "-shared", "-fPIC", "-O1", *includes, HERE / f"{name}.c"]
        subprocess.run([*command, "-o", folder / f"{name}.so", "-ldl"], check=True)
    return folder


@pytest.mark.parametrize("job", JOBS)
def test_each_request_may_be_refused(folder, job):
    environment = os.environ | {
        "LD_PRELOAD": str(folder / "failing_malloc.so"),
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, HERE / "memory_runs_out.py", job, SPARSE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
