"""Every public name is documented, and every example in the package runs."""

import doctest
import importlib
import inspect
import pkgutil
from functools import cached_property

import pytest

import centnn
from centnn import image

# Codes of numpydoc that are not asked for.
IGNORED = {
    "SA01",  # See Also: the text names what is worth seeing
    "ES01",  # an extended summary: some names need no more than one line
}

# What modules may need that are not imported with the package.
OPTIONAL = ("dask", "numcodecs", "zarr")


def modules():
    """Yield the names of all modules of the package, compiled ones as well."""
    yield "centnn"
    for module in pkgutil.walk_packages(centnn.__path__, "centnn."):
        if not module.name.endswith("__main__"):
            yield module.name


def public_names():
    """Yield the dotted names of what is public: functions, classes and their own methods."""
    for module in (centnn, image):
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing):
                yield f"{module.__name__}.{name}"
            if inspect.isclass(thing):
                for member, value in vars(thing).items():
                    if not member.startswith("_") and is_method(value):
                        yield f"{module.__name__}.{name}.{member}"


def is_method(value):
    kinds = (property, cached_property, classmethod, staticmethod)
    return inspect.isfunction(value) or isinstance(value, kinds)


@pytest.mark.parametrize("name", list(modules()))
def test_examples_run(name, own_folder):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"{error.name} is not installed")
    failed, _ = doctest.testmod(module)
    assert not failed


@pytest.mark.parametrize("name", list(public_names()))
def test_documented_as_numpydoc_wants_it(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    errors = [(code, text) for code, text in validate(name)["errors"] if code not in IGNORED]
    assert errors == []


def test_every_public_name_is_looked_at():
    names = list(public_names())
    assert "centnn.CentNN.partial_fit" in names
    assert "centnn.Codebook.code_lengths" in names
    assert "centnn.image.compress_photo" in names
    assert "centnn.image._photo" in modules()
