"""Warn of public names that the reference leaves out: the build takes warnings for errors."""

from __future__ import annotations

import importlib
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

PUBLIC_MODULES = ("centnn", "centnn.dask", "centnn.image", "centnn.image.dask")
logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Compare what modules export with what pages describe."""
    described = env.get_domain("py").objects
    for name in PUBLIC_MODULES:
        module = importlib.import_module(name)
        for exported in module.__all__:
            if f"{name}.{exported}" not in described:
                logger.warning("%s.%s is public, but no page describes it", name, exported)
