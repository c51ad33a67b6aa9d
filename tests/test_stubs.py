"""Stubs say what compiled modules have, and types what calls are good. `.ci/wheel` runs it."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import centnn

pytest.importorskip("mypy")

PACKAGE = Path(centnn.__file__).parent
SETTINGS = Path(__file__).parents[1] / "pyproject.toml"

CALLS = """
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import centnn
from centnn import CentNN, fit_codebook
from centnn.image import from_blocks, to_blocks

def chunks() -> Iterator[np.ndarray]:
    yield np.zeros((10, 2))

for X in ([[0.0], [1.0]], np.zeros((2, 1)), np.zeros((2, 1), np.float16)):
    fit_codebook(X, 2)
fit_codebook(Path("a.npy"), 2)
fit_codebook("a.npy", 2)
fit_codebook(chunks, 2)
fit_codebook(chunks(), 2, n_passes=0)
fit_codebook([np.zeros((10, 2)), np.ones((10, 2))], 2)
fit_codebook([[0.0, 1.0], [1.0, 0.0]], 2, fixed=[[0, 1]]).encode([[0, 1]])
CentNN(2).fit(chunks).partial_fit([[0.0], [1.0]]).predict([[0.0]])
CentNN(2).fit(Path("a.npy"))
fit_codebook(None, 2)  # error
CentNN(2).fit(3j, 2).fit(object())  # error
centnn.ProductQuantizer(2).fit([[0, 1]]).set_params(m=1).get_params()
from_blocks(to_blocks([[1, 2], [3, 4]], 2), (2, 2), 2)
from_blocks([[1, 2, 3, 4]], (2, 2), (2, 2))
"""


def compiled_modules():
    for module in pkgutil.walk_packages(centnn.__path__, "centnn."):
        if not module.ispkg and not module.name.endswith("__main__"):
            file = importlib.util.find_spec(module.name).origin
            if file.endswith(tuple(EXTENSION_SUFFIXES)):
                yield module.name


def environment():
    """Return one in which mypy finds the package, which it does not if that is editable."""
    found = {} if "site-packages" in PACKAGE.parts else {"MYPYPATH": str(PACKAGE.parent)}
    return os.environ | found


def test_stubs_agree_with_compiled_modules(tmp_path):
    names = list(compiled_modules())
    assert {"centnn._search", "centnn._worklist.solver", "centnn.image._photo"} <= set(names)
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy.stubtest", "--concise", "--ignore-disjoint-bases"),
            *("--allowlist", Path(__file__).with_name("stubtest_allowlist.txt")),
            *("--mypy-config-file", SETTINGS),
            "--ignore-unused-allowlist",
            *names,
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_types_allow_the_documented_calls(tmp_path):
    path = tmp_path / "calls.py"
    path.write_text(CALLS)
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", SETTINGS, "--no-error-summary", path],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    lines = CALLS.splitlines()
    expected = [i for i, line in enumerate(lines, 1) if line.endswith("# error")]
    is_error = re.compile(r"calls\.py:(\d+): error")
    assert sorted({int(i) for i in is_error.findall(result.stdout)}) == expected, result.stdout
