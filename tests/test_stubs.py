"""Each compiled module has a stub that says what it has. It needs mypy: `.ci/wheel` runs it."""

import importlib
import os
import pkgutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import centnn

pytest.importorskip("mypy")

PACKAGE = Path(centnn.__file__).parent


def compiled_modules():
    for module in pkgutil.walk_packages(centnn.__path__, "centnn."):
        if not module.ispkg and not module.name.endswith("__main__"):
            file = importlib.util.find_spec(module.name).origin
            if file.endswith(tuple(EXTENSION_SUFFIXES)):
                yield module.name


def test_stubs_agree_with_compiled_modules(tmp_path):
    names = list(compiled_modules())
    assert {"centnn._search", "centnn._worklist.solver", "centnn.image._photo"} <= set(names)
    environment = dict(os.environ)
    if "site-packages" not in PACKAGE.parts:  # mypy does not find editable installations
        environment["MYPYPATH"] = str(PACKAGE.parent)
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy.stubtest", "--concise", "--ignore-disjoint-bases"),
            *("--allowlist", Path(__file__).with_name("stubtest_allowlist.txt")),
            *("--mypy-config-file", Path(__file__).parents[1] / "pyproject.toml"),
            "--ignore-unused-allowlist",
            *names,
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
