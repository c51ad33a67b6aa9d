"""What this build is and what it runs on."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from centnn import _search

__all__ = ["get_include", "show_config"]

__version__ = version("centnn")


def get_include() -> str:
    """Return the folder of the C core: `centnn.h`, all sources, and a README that explains them.

    Modules that cimport `centnn.embed` are compiled with it in ``include_dirs``.

    Returns
    -------
    str
        In an installed package, ``centnn/csrc``; in an editable one, the folder of the clone.

    Examples
    --------
    >>> import os
    >>> import centnn
    >>> os.path.exists(os.path.join(centnn.get_include(), "centnn.h"))
    True
    """
    package = Path(__file__).parent
    installed = package / "csrc"
    return str(installed if installed.is_dir() else package.parent / "csrc")


def show_config() -> dict[str, str | int | bool]:
    """Print and return how the library was built and what it runs on.

    Returns
    -------
    dict
        ``version``; ``isa``, the instruction set of the search kernels; ``threads``, how many a
        call uses by default; ``compiler``; ``openmp``, whether the build has it.

    Examples
    --------
    >>> import centnn
    >>> config = centnn.show_config()  # doctest: +ELLIPSIS
    version:  ...
    isa:      ...
    threads:  ...
    compiler: ...
    openmp:   ...
    >>> config["threads"] >= 1
    True
    """
    compiler, openmp = _search.build_config()
    config: dict[str, str | int | bool] = {
        "version": __version__,
        "isa": _search.isa(),
        "threads": _search.max_threads(),
        "compiler": compiler,
        "openmp": openmp,
    }
    for name, value in config.items():
        print(f"{name + ':':<10}{value}")
    return config
